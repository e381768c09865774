// Package mail hands notices to a mail server over SMTP (RFC 5321).
//
// The connection is always encrypted, by STARTTLS or from the start, unless the
// operator says that the server needs none. A notice's id becomes the Message-ID,
// so a mail that went out twice because an answer was lost can be recognised.
//
// It knows nothing of libraries, patrons or retries: it tries once and reports the
// outcome. An address that the server refuses for good is Refused; everything
// that can still be put right is TryAgain.
//
//	config, err := mail.ParseConfig("smtp://afield@mail.example.org:587", "notices@example.org", password)
//	sender, err := mail.New(config)
//	delivery := sender.SendNotice(ctx, notice)
package mail
