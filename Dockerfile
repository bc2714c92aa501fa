# The service in a container.
#
#   CPU:   docker build --target cpu --build-arg TORCH_INDEX=<an index with CPU builds of torch> -t voxcore .
#   CUDA:  docker build --target cuda -t voxcore:cuda .        (the default torch for Linux brings CUDA)
#
#   docker run -p 50051:50051 -p 50080:50080 -v voxcore:/var/lib/voxcore \
#     -v $PWD/tokens.toml:/etc/voxcore/tokens.toml:ro voxcore
#
# Inside it listens on all addresses, so it wants tokens (python -m server.access NAME makes one), and
# either TLS (VOXCORE_TLS_CERT, VOXCORE_TLS_KEY, VOXCORE_INSECURE=false) or a proxy that adds it.

FROM python:3.11-slim-bookworm AS build
ARG TORCH_INDEX=
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /src
RUN python -m venv /opt/voxcore
COPY requirements.lock ./
# Alone, so that a change of the code does not install torch again.
RUN grep '^torch==' requirements.lock > torch.txt \
    && /opt/voxcore/bin/pip install ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} -r torch.txt
COPY pyproject.toml README.md LICENSE ./
COPY proto proto
COPY clients/python clients/python
COPY voxcore voxcore
COPY server server
RUN /opt/voxcore/bin/pip install --constraint requirements.lock ./proto ./clients/python ".[server]"

FROM python:3.11-slim-bookworm AS cpu
RUN groupadd --gid 10001 voxcore \
    && useradd --uid 10001 --gid voxcore --home-dir /var/lib/voxcore --create-home --shell /usr/sbin/nologin voxcore \
    && install --directory --owner voxcore --group voxcore /opt/voxcore-cache
COPY --from=build /opt/voxcore /opt/voxcore
COPY --chown=voxcore:voxcore maps /var/lib/voxcore/maps
COPY --chown=voxcore:voxcore datasets /var/lib/voxcore/datasets
# The viewer where `make viewer` has built it; LICENSE is there so that there always is something to copy.
COPY LICENSE clients/web/dis[t] /usr/share/voxcore/web/
# The name of a file of tokens' hashes is no secret.
# hadolint ignore=DL3064
ENV PATH=/opt/voxcore/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NUMBA_CACHE_DIR=/opt/voxcore-cache \
    VOXCORE_HOST=0.0.0.0 \
    VOXCORE_INSECURE=true \
    VOXCORE_TOKENS_FILE=/etc/voxcore/tokens.toml \
    VOXCORE_WEB_ROOT=/usr/share/voxcore/web \
    VOXCORE_LOG_JSON=true
# By number, so that an orchestrator sees that it is not root.
USER 10001:10001
WORKDIR /var/lib/voxcore
# Compiled once here and not at every first start.
RUN python -m voxcore.warm_up
VOLUME /var/lib/voxcore
EXPOSE 50051 50080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s CMD ["python", "-m", "server.healthcheck"]
CMD ["python", "-m", "server"]

FROM cpu AS cuda
ENV VOXCORE_DEVICE=cuda NVIDIA_VISIBLE_DEVICES=all NVIDIA_DRIVER_CAPABILITIES=compute,utility
