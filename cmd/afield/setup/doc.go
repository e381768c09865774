// Package setup holds the commands that put a consortium together and let people
// and programs in: afield consortium, operator, user, token and partner.
package setup
