// Package browser holds the tests of the live page in a real browser. It is a
// module of its own, so that what drives the browser is in nobody's go.sum.
package browser
