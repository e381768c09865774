// Package gateway hands text messages and calls, by a signed webhook, to a gateway:
// a small service, run by the library or its provider, that is connected to a
// telephone network.
//
// Each notice is one POST of JSON to the gateway's address:
//
//	{"id": "…", "channel": "sms", "to": "555-0101", "from": "Westport Library",
//	 "text": "…", "language": "en"}
//
// channel is sms or voice; to is the number as the library wrote it. The call is
// signed as Standard Webhooks say (headers webhook-id, webhook-timestamp and
// webhook-signature, with the secret that both sides keep); webhook-id is the id
// in the body, and stays the same when a notice is sent again. The gateway must
// act on an id once.
//
// What the gateway answers:
//
//   - 2xx with {"id": "…", "status": "accepted"}, or "duplicate": the gateway has it;
//   - 422: this number cannot be reached this way, and never will;
//   - anything else: tried again, after Retry-After where that is given. An answer
//     that does not repeat the id does not count: a page of something in between
//     proves nothing.
//
// It tries once, follows no redirect and goes to no private address unless the
// operator says so.
package gateway
