// Package connectors holds the neutral words in which libraries talk to each
// other, whatever the wire: messages, their kinds and answers, and the small
// interfaces a protocol implements. Each protocol lives in a folder of its own
// and translates at the edge; the rest of the program sees no protocol's words.
//
// The words follow ISO 18626-1:2021 (statuses, actions, reasons), because that
// is what the field speaks and what every later protocol maps to.
//
// A connector exports a Protocol: its sender, its live look-up, the kinds of
// messages it can say, and the Door that reads incoming ones and writes the
// answers; it knows neither the database nor the web server. The program lists
// the protocols it speaks in a Registry, which everything else asks: the effects
// whether a message can be said, the job queue which libraries have queues of
// their own, the web server which inbound routes to serve.
package connectors
