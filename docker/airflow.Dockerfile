# Airflow's services, and nothing of the product but its DAG files: no torch, no mlflow. Steps run in containers of
# their own (pipeline.Dockerfile).
#
#   docker buildx build -f docker/airflow.Dockerfile --secret id=pip,src=PIP_CONF --build-context wheels=DIR .
#
# Both options may be left out: pip then uses its own index, and no local wheels.
ARG BASE_IMAGE=python:3.11-slim-bookworm

# Empty unless the build names a folder of wheels in its place.
FROM scratch AS wheels

FROM ${BASE_IMAGE} AS build
RUN python -m venv /opt/venv
COPY constraints.txt docker/constraints.txt /build/constraints/
# psycopg2 and asyncpg: Airflow talks to PostgreSQL through both. The wheels of all three groups come compiled.
RUN --mount=type=secret,id=pip --mount=type=cache,target=/root/.cache/pip \
    --mount=type=bind,from=wheels,target=/wheels \
    cat /build/constraints/*.txt >/build/constraints.txt && \
    PIP_CONFIG_FILE=/run/secrets/pip /opt/venv/bin/pip install --disable-pip-version-check --find-links /wheels \
      -c /build/constraints.txt \
      apache-airflow apache-airflow-providers-docker apache-airflow-providers-cncf-kubernetes psycopg2-binary asyncpg

FROM ${BASE_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/* && \
    groupadd --gid 10001 querysmith && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /run/airflow --shell /usr/sbin/nologin querysmith && \
    install -d -o querysmith -g querysmith /run/airflow /var/log/airflow
COPY --from=build /opt/venv /opt/venv
COPY docker/airflow-entrypoint.sh docker/airflow_health.py /opt/querysmith/
COPY docker/airflow_login_first.py /opt/querysmith/plugins/
COPY dags /opt/querysmith/dags
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    AIRFLOW_HOME=/run/airflow \
    AIRFLOW__CORE__DAGS_FOLDER=/opt/querysmith/dags \
    AIRFLOW__CORE__PLUGINS_FOLDER=/opt/querysmith/plugins \
    AIRFLOW__CORE__LOAD_EXAMPLES=false \
    AIRFLOW__CORE__EXECUTOR=LocalExecutor \
    AIRFLOW__LOGGING__BASE_LOG_FOLDER=/var/log/airflow \
    AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY=/var/log/airflow/dag-files \
    AIRFLOW__USAGE_DATA_COLLECTION__ENABLED=false
USER 10001:10001
WORKDIR /run/airflow
ENTRYPOINT ["tini", "--", "/opt/querysmith/airflow-entrypoint.sh"]
CMD ["version"]
# By component, told by the compose file in QUERYSMITH_COMPONENT; the API server answers for all of them.
HEALTHCHECK --interval=30s --timeout=20s --start-period=180s --start-interval=5s --retries=3 \
  CMD ["python", "/opt/querysmith/airflow_health.py"]

# Last, so that a new commit rebuilds nothing above.
ARG VERSION=0
ARG GIT_COMMIT=unknown
LABEL org.opencontainers.image.title="Querysmith: Airflow" \
      org.opencontainers.image.description="Airflow's services with Querysmith's DAG files" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${GIT_COMMIT}"
