"""MLflow: runs, models, the gate and the aliases."""
