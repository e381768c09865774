// Package connectors holds the neutral words in which libraries talk to each
// other, whatever the wire: messages, their kinds and answers, and the small
// interfaces a protocol implements. Each protocol lives in a folder of its own
// and translates at the edge; no protocol word passes this door.
//
// The words follow ISO 18626-1:2021 (statuses, actions, reasons), because that
// is what the field speaks and what every later protocol maps to.
package connectors
