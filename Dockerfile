# The control plane: server, command line, HAProxy, the checking browser and what makes R base images.
# How to run it: deploy/compose.yaml. Apps are not in it; they run beside it, on the same engine.
#
#   docker build -t sandbox .                             on the internet
#   docker build -t sandbox --build-arg BASE=my-debian .  with a Debian 12 or 13 image of your own
#
# A proxy with a certificate of its own: put it into deploy/certificates/NAME.crt before building.
# No PyPI: `pip download -d wheels -r requirements.lock` and `pip download -d wheels hatchling` elsewhere (with the same
# Python), then --build-arg PIP_OPTIONS=--no-index. A mirror: --build-arg PIP_OPTIONS="--index-url https://…".

ARG BASE=debian:trixie-slim
FROM ${BASE}

RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        ca-certificates chromium haproxy iptables libatomic1 mmdebstrap python3-venv \
    && rm -rf /var/lib/apt/lists/*

# The checking browser opens pages of apps: it is nobody here.
RUN useradd --system --create-home --home-dir /var/lib/sandbox-visitor --shell /usr/sbin/nologin sandbox-visitor

COPY deploy/certificates/ /usr/local/share/ca-certificates/
RUN update-ca-certificates

# `wheel[s]` matches nothing if there is no such folder, and that is fine.
WORKDIR /opt/sandbox/source
COPY requirements.lock wheel[s] ./wheels/
ARG PIP_OPTIONS=""
ENV PIP_CERT=/etc/ssl/certs/ca-certificates.crt PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_FIND_LINKS=/opt/sandbox/source/wheels
RUN python3 -m venv /opt/sandbox/venv \
    && /opt/sandbox/venv/bin/pip install --no-cache-dir --require-hashes ${PIP_OPTIONS} -r wheels/requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY server server
COPY cli cli
COPY templates templates
RUN /opt/sandbox/venv/bin/pip install --no-cache-dir --no-deps ${PIP_OPTIONS} .

ENV PATH=/opt/sandbox/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PYTHONUNBUFFERED=1 \
    SANDBOX_HOME=/var/lib/sandbox
WORKDIR /var/lib/sandbox
VOLUME /var/lib/sandbox
EXPOSE 8080
CMD ["sandboxd", "serve"]
