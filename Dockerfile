# The program with its pinned dependencies and the CQL engine; it runs as nobody in particular and keeps state in /data.
FROM python:3.11.14-slim

# Further pins by name, with blanks between them: postgres, telemetry, models, tune (requirements/NAME.txt).
ARG EXTRAS=""

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# First what changes seldom, so that a change of code builds in seconds.
COPY requirements/app.txt requirements/postgres.txt requirements/telemetry.txt requirements/models.txt requirements/tune.txt requirements/
RUN pip install --require-hashes -r requirements/app.txt
RUN for extra in $EXTRAS; do pip install -r "requirements/$extra.txt"; done
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --cache /tmp/npm && rm -rf /tmp/npm

COPY . .
# Installed in place: guidelines, tables and prompts are read beside the code, and the CQL engine beside them. Compiled
# here, because whoever runs it may not write beside the code.
RUN pip install --no-deps -e . \
    && python -m compileall -q agents chart claims evals fhir_fixtures graphs preround review store tools \
    && useradd --system --home-dir /data --create-home preround
USER preround
VOLUME /data
ENV PREROUND_HOME=/data/.preround
# How browsers reach it; compose publishes that port on this machine alone.
ENV PREROUND_PUBLIC_URL=http://127.0.0.1:8000

EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=3)"]
# All addresses of the container; compose publishes the port on this machine's loopback only.
CMD ["preround", "serve", "--host", "0.0.0.0", "--port", "8000"]
