# MLflow's tracking server with logins, on PostgreSQL.
#
#   docker buildx build -f docker/mlflow.Dockerfile --secret id=pip,src=PIP_CONF --build-context wheels=DIR .
#   ... --build-arg EXTRAS=boto3                artifacts in an S3-compatible store
ARG BASE_IMAGE=python:3.11-slim-bookworm

# Empty unless the build names a folder of wheels in its place.
FROM scratch AS wheels

FROM ${BASE_IMAGE} AS build
ARG EXTRAS=
RUN python -m venv /opt/venv
COPY constraints.txt docker/constraints.txt /build/constraints/
# hadolint ignore=SC2086
RUN --mount=type=secret,id=pip --mount=type=cache,target=/root/.cache/pip \
    --mount=type=bind,from=wheels,target=/wheels \
    cat /build/constraints/*.txt >/build/constraints.txt && \
    PIP_CONFIG_FILE=/run/secrets/pip /opt/venv/bin/pip install --disable-pip-version-check --find-links /wheels \
      -c /build/constraints.txt 'mlflow[auth]' psycopg2-binary ${EXTRAS}
COPY mlflow /build/mlflow
RUN --mount=type=secret,id=pip --mount=type=cache,target=/root/.cache/pip \
    PIP_CONFIG_FILE=/run/secrets/pip /opt/venv/bin/pip install --disable-pip-version-check --no-deps /build/mlflow

FROM ${BASE_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/* && \
    groupadd --gid 10001 querysmith && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin querysmith && \
    install -d -o querysmith -g querysmith /artifacts /uploads
COPY --from=build /opt/venv /opt/venv
# Not under a name that would be found instead of the library.
COPY mlflow /opt/tracking
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp TMPDIR=/uploads \
    MLFLOW_DISABLE_TELEMETRY=true \
    MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false \
    MLFLOW_ARTIFACTS_DESTINATION=/artifacts \
    MLFLOW_AUTH_CONFIG_PATH=/tmp/basic_auth.ini
USER 10001:10001
WORKDIR /tmp
EXPOSE 5000
ENTRYPOINT ["tini", "--"]
CMD ["/opt/tracking/entrypoint.sh"]
# Says only that it runs: /health needs no login and is exempt from the check of the host's name. The DAG `preflight`
# asks what a step would ask.
HEALTHCHECK --interval=30s --timeout=10s --start-period=120s --start-interval=3s --retries=3 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:5000/health', timeout=8)"]

# Last, so that a new commit rebuilds nothing above.
ARG VERSION=0
ARG GIT_COMMIT=unknown
LABEL org.opencontainers.image.title="Querysmith: MLflow" \
      org.opencontainers.image.description="MLflow's tracking server with logins, on PostgreSQL" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${GIT_COMMIT}"
