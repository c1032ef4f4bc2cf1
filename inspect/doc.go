// Package inspect shows what is flowing: a [Registry] of the streams and joins
// that a program has under way, and a [Server] that shows it as a live page, as
// JSON, as server-sent events and to Prometheus.
//
//	registry := new(inspect.Registry)
//	joiner := duplex.Joiner{Observer: registry}
//	l, err := inspect.Listen("127.0.0.1:6070")
//	...
//	server := inspect.Server{Registry: registry}
//	fmt.Println(server.URL(l))
//	err = server.Serve(ctx, l)
//
// It only looks. Nothing that a request asks for changes anything, what is shown
// has no secrets in it as far as they can be told, and every request needs the
// token that the URL carries.
package inspect
