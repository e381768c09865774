// Package access decides who is asking: staff who sign in by name and password,
// patrons who sign in by card number and PIN, and programs that carry a token.
// It also remembers what a caller has already done, so that sending a POST
// again does nothing new.
//
// It owns staff_users, invitations, access_tokens, signin_attempts and
// idempotency_keys; the hash of a PIN is on the card, which broker/patrons keeps.
// It does not decide
// what somebody may do with a request or a loan: roles are handed on in the
// Principal and checked where the act happens.
//
// Nothing here needs to see every library. Tokens, libraries and symbols are
// shared tables: a token names its library, a sign-in names a library or a
// shared catalogue, and the transaction then widens to just those libraries.
//
// Wrong tries count first for the account and the network they come from: who guesses
// from one network locks the account for that network only. Very many from many
// networks lock it for all devices that have never signed in; one that has is known
// and counts by itself, until the password or PIN changes. Sessions that lie idle end.
//
// Sessions, throttles and expiry follow wall time, never business time: the
// demo moves the business clock by weeks, and nobody is signed out by that.
//
//	service := access.New(db, access.Config{Key: serverKey})
//	session, err := service.SignInPatron(ctx, access.PatronSignIn{
//		Realm: "Clinton Essex Franklin", Card: "21234000000011", PIN: "4821", Address: "203.0.113.9"})
//	principal, err := service.Authenticate(ctx, session.Token)
package access
