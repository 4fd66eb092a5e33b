# Everything becomes one module, which needs no package, no network and nothing to write at start.
FROM docker.io/denoland/deno:2.9.6 AS build
WORKDIR /build
# Packages change less often than sources: this layer stays as long as these two files do.
COPY deno.json deno.lock ./
RUN deno install --quiet --frozen
COPY main.ts ./
COPY docs/config.schema.json docs/
COPY tools tools/
COPY src src/
RUN deno task bundle:main

FROM docker.io/denoland/deno:2.9.6
LABEL org.opencontainers.image.title="Sluice" \
  org.opencontainers.image.description="Live media gateway: RTMP in; WebRTC, HTTP-FLV, WebSocket-FLV and RTMP out" \
  org.opencontainers.image.licenses="MIT AND GPL-2.0-only"
COPY LICENSE /usr/share/doc/sluice/
COPY --from=build /build/dist/main.js /usr/lib/sluice/
# The program may not read files: it is given the configuration by the shell, on standard input.
RUN printf '%s\n' \
  '#!/bin/sh' \
  'deno="deno run -q --no-prompt --no-config --no-lock --no-remote --cached-only --ignore-env"' \
  'sluice="$deno --allow-net --unstable-net --unstable-worker-options /usr/lib/sluice/main.js"' \
  'case ${1-start} in' \
  'start | -*)' \
  '  limit=$(ulimit -Hn)' \
  '  [ "$limit" = unlimited ] || [ "$limit" -ge 20000 ] || echo "sluice: ulimit -Hn is $limit," \' \
  '    "and the default limits need 20000 open files: raise it, or lower limits.httpConnections" >&2' \
  '  ;;' \
  'health) ;;' \
  '*) exec $sluice "$@" ;;' \
  'esac' \
  'if [ -z "${SLUICE_CONFIG-}" ] && [ ! -e /etc/sluice/config.json ]; then exec $sluice "$@"; fi' \
  'exec $sluice "$@" --config - < "${SLUICE_CONFIG:-/etc/sluice/config.json}"' \
  > /usr/local/bin/sluice && chmod 755 /usr/local/bin/sluice
# Nobody: it needs no rights, no home and no file of its own.
USER 65532:65532
ENV DENO_DIR=/tmp/deno DENO_NO_UPDATE_CHECK=1 NO_COLOR=1
WORKDIR /
EXPOSE 1935/tcp 1936/tcp 8080/tcp 8443/tcp 8000-8003/tcp 8000-8003/udp 4433-4436/udp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s CMD ["sluice", "health"]
ENTRYPOINT ["sluice"]
