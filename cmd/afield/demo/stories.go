package demo

import (
	"time"

	"afield/broker"
)

// stories lists them all, in the order they are printed.
func stories() []story {
	return []story{
		{"a", "On the library's own shelf", "A copy of our own becomes a hold; nobody else is asked.", ownShelf},
		{"b", "In the local system", "The shared catalogue of the local system fills it by a hold with transit.", localSystem},
		{"c", "From the regional network", "One library refuses, the next is silent, the third lends.", regionalNetwork},
		{"d", "Out of state, for a fee", "The fee is shown, approved by the patron and passed on to the cent.", outOfState},
		{"e", "The fee declined", "Declined: the lender is never asked and nothing is charged.", feeDeclined},
		{"f", "Conditions accepted", "A slow lender names a condition; staff accept it and it comes.", conditionAccepted},
		{"g", "Not picked up", "After ten days on the hold shelf it goes home to its owner.", notPickedUp},
		{"h", "Renewals, in time and too late", "Due on 22 August: asked by the 19th is granted, on the 20th refused.", renewals},
		{"i", "The fourth request", "Three active requests are the limit; a fourth is refused until one ends.", fourthRequest},
		{"j", "Exactly five dollars", "At 5.00 owed Westchester refuses and Western District allows.", fiveDollars},
		{"k", "First requested, first supplied", "One copy, two who want it: the first to ask gets it first.", firstCome},
		{"l", "A cancel that crosses a shipment", "Cancelled while it was being shipped: it goes back unused.", crossedCancel},
		{"m", "A partner dead for a day", "Its system is away for a day; nothing is lost, nothing asked twice, nobody else waits.", deadForADay},
		{"n", "A partner that contradicts itself", "Yes, then no, everything twice, and a replay: acted on once, then the next lender.", liar},
		{"o", "A lender asked by hand", "Staff ask by telephone and record what the lender says.", askedByHand},
	}
}

// renewalDue is the lender's due date in story (h): the latest 22 August that
// leaves time for the story and is a day Western District is open.
func renewalDue(today broker.Date) broker.Date {
	for year := today.Year(); ; year-- {
		due := broker.NewDate(year, time.August, 22)
		if due.Weekday() != time.Sunday && !due.AddDays(40).After(today) {
			return due
		}
	}
}

// firstMonday is the day the calendar of the other stories begins: the Monday
// six weeks before the last one. The longest story takes five.
func firstMonday(today broker.Date) broker.Date {
	back := (int(today.Weekday()) + 6) % 7
	return today.AddDays(-back - 42)
}
