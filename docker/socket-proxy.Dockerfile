# A door to the Docker engine that lets only through what the steps' operator calls, see
# socket-proxy.cfg.
#
#   docker buildx build -f docker/socket-proxy.Dockerfile .
ARG BASE_IMAGE=debian:bookworm-slim
FROM ${BASE_IMAGE}
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends haproxy tini && rm -rf /var/lib/apt/lists/*
COPY docker/socket-proxy.cfg /etc/haproxy/querysmith.cfg
RUN haproxy -c -f /etc/haproxy/querysmith.cfg
# The group that may use the socket differs from host to host: it is added when the container starts.
USER 10001:10001
EXPOSE 2375
ENTRYPOINT ["tini", "--"]
CMD ["haproxy", "-db", "-f", "/etc/haproxy/querysmith.cfg"]
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --start-interval=1s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/2375 && printf 'GET /_ping HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q '^OK' <&3"]

ARG VERSION=0
ARG GIT_COMMIT=unknown
LABEL org.opencontainers.image.title="Querysmith: Docker socket proxy" \
      org.opencontainers.image.description="The Docker API as far as the steps' operator needs it" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${GIT_COMMIT}"
