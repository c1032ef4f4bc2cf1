// Package browser holds the tests of WebSockets with a real browser on the other
// side. It is a module of its own, so that what drives the browser is in nobody's
// go.sum.
package browser
