/**
 * A certificate of localhost and 127.0.0.1 for tests, signed by itself, valid until 2126. Made by `openssl req -x509 -newkey ec -pkeyopt
 * ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1`. Its key guards nothing.
 */
export const cert = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUR7/g09Uxk4BiYF8HENBkCRpHXCkwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEzMDA4NDQxM1oYDzIxMjYxMTA2
MDg0NDEzWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAASM+CQwfsIYKvzpXSvOekbf8fwPqeq5+nw/uN4+mgJLUs7m6jMaXyhr
dSiO2qg0FnejjsmfL9rrunvMMsl5e9O9o28wbTAdBgNVHQ4EFgQU32OM6jaUIb7R
RU8jVeHEbC2gMPYwHwYDVR0jBBgwFoAU32OM6jaUIb7RRU8jVeHEbC2gMPYwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIgY1SDZXm465P03IZZ1OHoXuzcdEUxN55mRxD1aVz1oaACIQCe
svI35qgknfv4CAFeilECV3LCn0RUM90Caa0BkDr08w==
-----END CERTIFICATE-----
`

export const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgx4/q7rUltVPzkyU8
PfIK0WhruOmUbWt34TnXFIhqI2OhRANCAASM+CQwfsIYKvzpXSvOekbf8fwPqeq5
+nw/uN4+mgJLUs7m6jMaXyhrdSiO2qg0FnejjsmfL9rrunvMMsl5e9O9
-----END PRIVATE KEY-----
`
