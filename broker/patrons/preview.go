package patrons

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// Preview is what giving somebody a card would come to.
type Preview struct {
	// Wrong is what is missing or wrong in what is known of the person.
	Wrong []broker.FieldError
	// Decision is the policy's answer; Needs are all that the class needs.
	Decision accounts.CardDecision
	Needs    []Need
	// AcceptedIDs are papers of which any one proves who somebody is.
	AcceptedIDs []string
	Expires     broker.Date
	// Likely are accounts that may be of the same person or household, the likeliest
	// first.
	Likely []Likely
}

// Need is one thing that somebody must bring or fulfil.
type Need struct {
	Need   attributes.CardNeed
	Met    bool
	Clause broker.Clause
}

// Likely is an account that may be of the same person or household, with why.
type Likely struct {
	Patron Patron
	Why    []Sign
}

// Sign is what two accounts have in common.
type Sign string

// The signs.
const (
	SameName    Sign = "name"
	SimilarName Sign = "similar_name"
	SameBirth   Sign = "birth_date"
	SamePhone   Sign = "phone"
	SameEmail   Sign = "email"
	SameAddress Sign = "address"
)

// Consider says what Register would come to, all at once: it changes nothing, and
// what is missing is no error.
func Consider(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, in Application) (Preview, error) {
	patron := in.Patron
	patron.Library = library.ID
	today := library.Today(in.Now)
	preview := Preview{Wrong: append(append(Check(document, patron, today), CheckNumber(library, document, "/card", in.Number)...), in.Wrong...)}
	var holder Patron
	var card Card
	AskByCard(tx, library.SharingGroup, in.Number, &holder, &card)
	ask, _, err := applicationOf(ctx, tx, library, document, patron, in)
	if err != nil {
		return Preview{}, err
	}
	if preview.Likely, err = likelySame(ctx, tx, patron); err != nil { // and with it comes the card's holder
		return Preview{}, err
	}
	if card.ID != broker.NoID {
		preview.Wrong = append(preview.Wrong, broker.FieldError{Pointer: "/card", Code: "card_number_taken", Message: "must be the number of an unused card; this one was given out"})
	}
	if len(checkClass(document, patron.Class)) > 0 {
		return preview, nil // the policy is asked by class
	}
	if in.Fee.Paid.Minor > 0 || in.Fee.How != "" {
		ask.PaysBy = in.Fee.How
	}
	moment := policy.Moment{Now: in.Now, Calendar: library.Calendar}
	priced := accounts.MayHaveCard(document, moment, ask)
	fee := priced.Fee
	switch {
	case priced.FeeUnknown && in.Fee.Set == nil:
		preview.Wrong = append(preview.Wrong, broker.FieldError{Pointer: "/fee", Code: "required", Message: "must be entered: it is not the library that sets it"})
	case priced.FeeUnknown:
		fee = *in.Fee.Set
	}
	if in.Fee.Paid.Minor >= fee.Minor+priced.Deposit.Minor {
		ask.Met = append(slices.Clone(ask.Met), attributes.NeedPayment)
	}
	preview.Decision = accounts.MayHaveCard(document, moment, ask)
	preview.Decision.Fee = fee
	preview.Expires = priced.Expires
	if !in.Until.IsZero() && (preview.Expires.IsZero() || in.Until.Before(preview.Expires)) {
		preview.Expires = in.Until
	}
	needs := accounts.CardNeeds(document, ask)
	for _, need := range needs.Value {
		met := slices.Contains(ask.Met, need)
		if need == attributes.NeedGuardianStanding {
			met = ask.Guardian != nil && !slices.ContainsFunc(preview.Decision.Reasons, aboutStanding)
		}
		preview.Needs = append(preview.Needs, Need{Need: need, Met: met, Clause: needs.Clause})
	}
	preview.AcceptedIDs = accounts.AcceptedIDs(document, rule.Match{Class: ask.Class, PatronAge: ask.Age}).Value
	return preview, nil
}

// aboutStanding tells whether a reason is about what somebody owes or did.
func aboutStanding(reason broker.Reason) bool { return strings.HasPrefix(reason.Rule, "blocks.") }

// mostLikely bounds the accounts that are shown beside a form.
const mostLikely = 10

// likelySame finds the accounts of a patron's library that have signs in common
// with the patron. Those that were purged or merged are left out.
func likelySame(ctx context.Context, tx *postgres.Tx, patron Patron) ([]Likely, error) {
	const one = ` union (select id from patrons where library_id = $1 and `
	const most = ` order by created_at desc limit 100)`
	rows, err := tx.Query(ctx, `select `+patronColumns+` from patrons p where p.library_id = $1 and p.id <> $7
			and p.purged_on is null and p.merged_into is null and p.institution_id is null and p.id in (
		(select id from patrons where library_id = $1 and name <> '' and lower(name) = lower($2)`+most+
		one+`born_on = $3`+most+
		one+`phone is not null and $4 <> '' and regexp_replace(phone, '[^0-9]', '', 'g') = $4`+most+
		one+`email is not null and lower(email) = lower($5)`+most+
		one+`address <> '' and lower(address) = lower($6)`+most+`)`,
		patron.Library, strings.TrimSpace(patron.Name), patron.BornOn, digitsOf(patron.Phone), patron.Email, strings.TrimSpace(patron.Address), orNobody(patron.ID))
	if err != nil {
		return nil, fmt.Errorf("look for accounts of the same person: %w", err)
	}
	others, err := collectPatrons(rows)
	if err != nil {
		return nil, err
	}
	var likely []Likely
	for _, other := range others {
		if why := signs(patron, other); weight(why) >= 2 {
			likely = append(likely, Likely{Patron: other, Why: why})
		}
	}
	slices.SortFunc(likely, func(a, b Likely) int {
		return cmp.Or(weight(b.Why)-weight(a.Why), strings.Compare(a.Patron.Name, b.Patron.Name), strings.Compare(a.Patron.ID.String(), b.Patron.ID.String()))
	})
	return likely[:min(len(likely), mostLikely)], nil
}

// orNobody gives an id that nobody has in place of none.
func orNobody(id broker.ID) broker.ID {
	if id == broker.NoID {
		return broker.NewID()
	}
	return id
}

// signs gives what two patrons have in common.
func signs(one, other Patron) (why []Sign) {
	add := func(sign Sign, is bool) {
		if is {
			why = append(why, sign)
		}
	}
	name, second := plainName(one.Name), plainName(other.Name)
	add(SameName, name != "" && name == second)
	add(SimilarName, name != second && len(name) >= 5 && len(second) >= 5 && distance(name, second, 2) <= 2)
	add(SameBirth, !one.BornOn.IsZero() && one.BornOn == other.BornOn)
	add(SamePhone, digitsOf(one.Phone) != "" && digitsOf(one.Phone) == digitsOf(other.Phone))
	add(SameEmail, one.Email != "" && strings.EqualFold(one.Email, other.Email))
	add(SameAddress, strings.TrimSpace(one.Address) != "" && strings.EqualFold(strings.TrimSpace(one.Address), strings.TrimSpace(other.Address)))
	return why
}

// weight says how much signs tell: a number, an address of e-mail or of a house is
// of one person or household, a birthday or a name alone of many.
func weight(why []Sign) (sum int) {
	for _, sign := range why {
		switch sign {
		case SameName, SimilarName, SameBirth:
			sum++
		default:
			sum += 2
		}
	}
	return sum
}

// plainName writes a name so that the order of its parts, capitals and dots do not
// count.
func plainName(name string) string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	slices.Sort(parts)
	return strings.Join(parts, " ")
}

// distance counts the letters that must change, come or go to make one text the
// other; it stops counting above most.
func distance(one, other string, most int) int {
	a, b := []rune(one), []rune(other)
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		diagonal := row[0]
		row[0] = i + 1
		for j := range b {
			step := diagonal
			if a[i] != b[j] {
				step++
			}
			diagonal = row[j+1]
			row[j+1] = min(step, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
