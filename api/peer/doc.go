// Package peer is the door for other libraries' systems. It checks who speaks,
// hands the message to the workflow inside one transaction, and answers once
// that has committed. It decides nothing about the message.
//
// It knows no protocol: each registered one brings a connectors.Door that reads
// and writes its words. A message sent again gets the first answer again, from
// the stored one.
package peer
