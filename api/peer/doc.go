// Package peer takes the messages of other libraries' systems. It checks who sent
// a message, hands it to the workflow inside one transaction, and answers once
// that has committed. It decides nothing about the message.
//
// It knows no protocol: each registered one brings a connectors.Door that reads
// and writes its words. A message sent again gets the answer that was stored the
// first time.
package peer
