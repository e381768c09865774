// Package broker is the vocabulary every other room of Afield speaks: ids,
// library symbols, citations, money, calendar dates, actors, the business
// clock, reasons and errors.
//
// It imports nothing of ours, touches no database and reads no clock. A type
// belongs here only when at least two rooms need it and it means the same in
// all of them.
//
//	fee := broker.Money{Minor: 1250, Currency: "USD"}
//	due := broker.NewDate(2026, time.August, 22)
//	fmt.Println(fee, due.AddDays(-3)) // 12.50 USD 2026-08-19
package broker
