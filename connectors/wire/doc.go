// Package wire is what every protocol over HTTP shares: what becomes of a
// call, its wire text for the message log, and signatures as Standard Webhooks
// lays down. It knows no protocol's words.
package wire
