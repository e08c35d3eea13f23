# The program with its pinned dependencies and the CQL engine; it runs as nobody in particular and keeps state in /data.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

WORKDIR /app

# First what changes seldom, so that a change of code builds in seconds.
COPY requirements/app.txt requirements/
RUN pip install --require-hashes -r requirements/app.txt
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --cache /tmp/npm && rm -rf /tmp/npm

COPY . .
# Installed in place: guidelines, tables and prompts are read beside the code, and the CQL engine beside them.
RUN pip install --no-deps -e . \
    && useradd --system --home-dir /data --create-home preround
USER preround
VOLUME /data
ENV PREROUND_HOME=/data/.preround

EXPOSE 8000
# All addresses of the container; compose publishes the port on this machine's loopback only.
CMD ["preround", "serve", "--host", "0.0.0.0", "--port", "8000"]
