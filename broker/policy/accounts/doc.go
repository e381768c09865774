// Package accounts answers what a library's policy says about cards and the
// accounts behind them: who gets a card, what it costs and how long it is good,
// where it may be used, when an account may be deleted, and who may be told what
// a patron has borrowed.
package accounts
