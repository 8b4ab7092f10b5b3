"""`querysmith demo`: Airflow and MLflow on this machine, one run of the whole pipeline, and its result."""

from pipeline.demo.run import run_demo

__all__ = ["run_demo"]
