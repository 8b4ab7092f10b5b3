# The image of the steps: the pipeline package with the training libraries.
#
#   docker buildx build -f docker/pipeline.Dockerfile --secret id=pip,src=PIP_CONF --build-context wheels=DIR .
#   ... --build-arg TORCH=cuda                  with CUDA
#   ... --build-arg TORCH_INDEX_URL=URL         a further index, with the build of torch that is wanted
ARG BASE_IMAGE=python:3.11-slim-bookworm

# Empty unless the build names a folder of wheels in its place.
FROM scratch AS wheels

FROM ${BASE_IMAGE} AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ARG TORCH=cpu
ARG TORCH_INDEX_URL=
RUN python -m venv /opt/venv
WORKDIR /build
COPY constraints.txt pyproject.toml LICENSE ./
# The dependencies alone, of a package that is still empty: they stay cached while only the product's code changes.
# Nothing of that package may stay: setuptools would take its files for newer than the real ones.
RUN --mount=type=secret,id=pip --mount=type=cache,target=/root/.cache/pip \
    --mount=type=bind,from=wheels,target=/wheels \
    mkdir pipeline && touch pipeline/__init__.py README.md && \
    PIP_CONFIG_FILE=/run/secrets/pip /opt/venv/bin/pip install --disable-pip-version-check --find-links /wheels \
      ${TORCH_INDEX_URL:+--extra-index-url "$TORCH_INDEX_URL"} -c constraints.txt '.[train,embeddings]' && \
    /opt/venv/bin/pip uninstall -y querysmith && \
    rm -rf pipeline build ./*.egg-info
# Two GB of CUDA in an image for CPUs, or none in one for GPUs, would show much later.
RUN found=$(/opt/venv/bin/python -c 'import torch; print("cuda" if torch.version.cuda else "cpu")') && \
    { [ "$found" = "$TORCH" ] || { \
      echo "pip found a build of torch for $found, wanted is TORCH=$TORCH: give TORCH_INDEX_URL, or its wheel" >&2; \
      exit 1; }; }
COPY README.md ./
COPY pipeline pipeline
# Built with the setuptools that came with torch, so a change of the product's code fetches nothing.
RUN /opt/venv/bin/pip wheel --disable-pip-version-check --no-index --no-build-isolation --no-deps --wheel-dir dist . && \
    /opt/venv/bin/pip install --disable-pip-version-check --no-index --no-deps dist/*.whl && \
    /opt/venv/bin/querysmith --help >/dev/null

FROM ${BASE_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/* && \
    groupadd --gid 10001 querysmith && \
    useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin querysmith && \
    install -d -o querysmith -g querysmith /data /data/tmp /result
COPY --from=build /opt/venv /opt/venv
# /data is the volume that all steps share; it and /result are all they write to, so the root file system can be
# read-only. Models are too large for a /tmp in memory.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp TMPDIR=/data/tmp \
    QUERYSMITH_HOME=/data QUERYSMITH_IN_CONTAINER=1 \
    XDG_CACHE_HOME=/data/cache HF_HOME=/data/huggingface \
    TRITON_CACHE_DIR=/data/cache/triton TORCHINDUCTOR_CACHE_DIR=/data/cache/inductor \
    MPLCONFIGDIR=/tmp/matplotlib \
    HF_HUB_OFFLINE=1 MLFLOW_DISABLE_TELEMETRY=true \
    GIT_PYTHON_REFRESH=quiet
USER 10001:10001
WORKDIR /data
ENTRYPOINT ["tini", "--"]
CMD ["querysmith", "--help"]
# A step runs to its end: its exit code says how it is, and the operator reads that.
HEALTHCHECK NONE

# Last, so that a new commit rebuilds nothing above.
ARG VERSION=0
ARG GIT_COMMIT=unknown
ENV QUERYSMITH_GIT_COMMIT=${GIT_COMMIT}
LABEL org.opencontainers.image.title="Querysmith: steps" \
      org.opencontainers.image.description="The steps of the pipeline, with torch and TRL" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${GIT_COMMIT}"
