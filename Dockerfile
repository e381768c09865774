# Afield in a container. PostgreSQL runs beside it: see compose.yaml.
#
#   docker build -t afield --build-arg VERSION=$(git describe --tags --always) .

FROM golang:1.26-trixie AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X afield/cmd/afield/shell.stamped=$VERSION" -o /afield ./cmd/afield

# The client's package is for afield backup and restore.
FROM debian:trixie-slim
RUN apt-get update \
	&& apt-get install -y --no-install-recommends ca-certificates postgresql-client-17 tzdata \
	&& rm -rf /var/lib/apt/lists/* \
	&& useradd --system --uid 10001 --home-dir /var/lib/afield --create-home afield
COPY --from=build /afield /usr/local/bin/afield
USER afield
ENV AFIELD_DATA=/var/lib/afield AFIELD_LISTEN=0.0.0.0:8080
VOLUME /var/lib/afield
EXPOSE 8080
ENTRYPOINT ["afield"]
CMD ["serve"]
