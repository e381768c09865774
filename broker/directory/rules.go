package directory

import (
	"cmp"
	"math"
	"slices"

	"afield/broker"
)

// UsualTerms are the terms assumed for a library that never stated its own: it
// lends the common formats for four weeks, and what it charges is not known.
func UsualTerms(library broker.ID, currency string) LendingTerms {
	return LendingTerms{
		Library: library, Lends: true,
		Formats: []broker.Format{
			broker.FormatBook, broker.FormatAudiobook, broker.FormatMusicCD,
			broker.FormatDVD, broker.FormatPeriodical, broker.FormatArticle,
		},
		LoanDays: 28, Renewals: 1, Fee: broker.Money{Currency: currency},
	}
}

// LendsFormat tells whether a format is among those lent; empty means book.
func (t LendingTerms) LendsFormat(format broker.Format) bool {
	if format == "" {
		format = broker.FormatBook
	}
	return slices.Contains(t.Formats, format)
}

// PausedOn tells whether lending is paused on a date.
func (t LendingTerms) PausedOn(date broker.Date) bool {
	if t.PausedFrom.IsZero() && t.PausedUntil.IsZero() {
		return false
	}
	return !date.Before(t.PausedFrom) && (t.PausedUntil.IsZero() || !date.After(t.PausedUntil))
}

// FreeFor tells whether a borrower pays nothing under these terms, and why.
// lender is the library whose terms they are; groups are the borrower's.
func (t LendingTerms) FreeFor(lender, borrower Library, groups []broker.ID) (bool, string) {
	switch {
	case t.Known && t.Fee.IsZero():
		return true, "lends free of charge"
	case t.FreeInState && lender.State != "" && lender.State == borrower.State && lender.Country == borrower.Country:
		return true, "lends free of charge within its state"
	case slices.ContainsFunc(t.FreeGroups, func(group broker.ID) bool { return slices.Contains(groups, group) }):
		return true, "lends free of charge within a group both belong to"
	}
	return false, ""
}

// Reaches tells whether a tier of borrower includes a library that belongs to
// the given groups.
func (t Tier) Reaches(borrower, library Library, groups []broker.ID) bool {
	if t.Members == TierOwn {
		return library.ID == borrower.ID
	}
	if library.ID == borrower.ID {
		return false
	}
	switch t.Members {
	case TierSharingGroup:
		return borrower.SharingGroup != broker.NoID && library.SharingGroup == borrower.SharingGroup
	case TierGroup:
		return slices.Contains(groups, t.Group)
	case TierStates:
		return slices.Contains(t.States, library.State)
	case TierEverywhere:
		return true
	}
	return false
}

// earthRadius is the mean radius, in kilometres.
const earthRadius = 6371.0

// Kilometres gives the great-circle distance between two libraries; false when
// either place is not known.
func Kilometres(from, to Library) (float64, bool) {
	if from.Latitude == nil || from.Longitude == nil || to.Latitude == nil || to.Longitude == nil {
		return 0, false
	}
	radians := func(degrees float64) float64 { return degrees * math.Pi / 180 }
	lat1, lat2 := radians(*from.Latitude), radians(*to.Latitude)
	halfLat := math.Sin((lat2 - lat1) / 2)
	halfLong := math.Sin(radians(*to.Longitude-*from.Longitude) / 2)
	chord := halfLat*halfLat + math.Cos(lat1)*math.Cos(lat2)*halfLong*halfLong
	return 2 * earthRadius * math.Asin(math.Min(1, math.Sqrt(chord))), true
}

// SortSymbols puts first the symbol to sign messages with: by namespace, the most
// widely understood first, then by name.
func SortSymbols(symbols []broker.Symbol) {
	slices.SortFunc(symbols, func(a, b broker.Symbol) int {
		return cmp.Or(symbolRank(a)-symbolRank(b), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Value, b.Value))
	})
}

func symbolRank(symbol broker.Symbol) int {
	order := []string{"ISIL", "OCLC", "FSCS"}
	if at := slices.Index(order, symbol.Namespace); at >= 0 {
		return at
	}
	return len(order)
}
