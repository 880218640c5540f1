/**
 * A certificate of localhost and 127.0.0.1 for tests, signed by itself, valid until 2126. Made by `openssl req -x509 -newkey ec -pkeyopt
 * ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1`. Its key guards nothing.
 */
export const cert = `-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUXjRCSVY1yUXyWbIeJ+NQTLPFilgwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEzMDA4MTgyNVoYDzIxMjYxMTA2
MDgxODI1WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAATDVoLfXsbz0nYnyB441eITp056v92rJgB2dvPagJScmEoT9qEIJ4bd
NW593TdHuIgUHtCThxJYXXYg5zio1bmBo28wbTAdBgNVHQ4EFgQUC6f/krjkzRds
gHuZ9hVlvWJX5nYwHwYDVR0jBBgwFoAUC6f/krjkzRdsgHuZ9hVlvWJX5nYwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgXjDNIWwAh/rQ+vvTB97xm7KKmykRS0AELpYvghQMJBACIFgn
moEA1Szn317DnJzNooHjsDYyPl1ADJTMw91SjoaP
-----END CERTIFICATE-----
`

export const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgHhwP4nTI66TgKteB
BamtnXX8ro0Lkvm3HdzQoB6EV1ehRANCAATDVoLfXsbz0nYnyB441eITp056v92r
JgB2dvPagJScmEoT9qEIJ4bdNW593TdHuIgUHtCThxJYXXYg5zio1bmB
-----END PRIVATE KEY-----
`
