/** What `@stopcopy/vfio-user/transport` offers: UNIX sockets, with and without descriptors. Node only. */
export {}
