// Package web serves pages: html/template, one typed struct for each page,
// parsed at start, everything embedded. They work without scripts, in light and
// dark, and ask nothing of any other server.
//
// Today there is the front page: where the documents are, the demo's requests,
// what is running and, folded away, how to sign in. A server that is not a demo has no
// stories to give, so nobody's requests appear there.
package web
