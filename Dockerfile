# The service in one image. Every step is one the Makefile's `install` takes too (tests/house/test_docker.py compares).
# It listens on 0.0.0.0, so it starts only once there is a key; then run it read-only:
#   docker build -t tousu .
#   docker run --rm --read-only --tmpfs /tmp -v tousu-var:/app/var tousu .venv/bin/tousu keys add 受理系统
#   docker run --read-only --tmpfs /tmp -v tousu-var:/app/var -p 127.0.0.1:8000:8000 tousu
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 NUMBA_CPU_NAME=generic TZ=Asia/Shanghai
WORKDIR /app

COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python3 -m venv .venv
RUN .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
COPY tousu tousu
COPY service service
COPY training training
COPY data data
COPY models models
RUN .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
RUN .venv/bin/tousu doctor --warm

RUN useradd --system --uid 10001 --home-dir /app tousu && mkdir -p var && chown tousu var
USER tousu
VOLUME /app/var
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=10s \
    CMD [".venv/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=2)"]
CMD [".venv/bin/tousu", "serve", "--host", "0.0.0.0", "--port", "8000"]
