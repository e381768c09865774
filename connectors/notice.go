package connectors

import "context"

// Notice is something to tell one person, by any channel. It holds their address
// or number, so it goes into no log.
type Notice struct {
	// ID is stable: sending the same notice again carries the same ID.
	ID string
	// Channel is email, sms or voice.
	Channel string
	// To is the mail address or the number as the library wrote it.
	To string
	// Library is the name of the library that sends it.
	Library string
	// Subject is for e-mail only.
	Subject string
	Text    string
	// Language is a BCP 47 tag, for a voice that reads the text.
	Language string
}

// NoticeSender hands notices to a mail server or a gateway.
type NoticeSender interface {
	// SendNotice tries once. Refused means that this person cannot be reached by
	// this channel; whatever can be put right (a server that is down or set up
	// wrongly) is TryAgain. The Delivery's Detail names nobody.
	SendNotice(ctx context.Context, notice Notice) Delivery
}
