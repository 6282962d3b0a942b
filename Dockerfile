# One image for web, workers, beat and migrate; docker-compose.yml says which command each runs.
FROM python:3.11.13-slim-bookworm

RUN useradd --create-home --uid 10001 matchmaking
WORKDIR /app
COPY requirements.lock .
RUN pip install --no-cache-dir --disable-pip-version-check --requirement requirements.lock
COPY --chown=root:root . .
RUN python -m compileall -q api config matchmaking web workers && install --directory --owner=matchmaking var

USER matchmaking
ENV MODE=production PYTHONUNBUFFERED=1 VAR_DIR=/app/var NUMBA_CACHE_DIR=/app/var/numba
EXPOSE 8000
CMD ["gunicorn", "--config", "config/gunicorn.py", "config.wsgi"]
