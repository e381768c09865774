package patrons

import (
	"context"
	"slices"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/policy"
	"afield/broker/policy/accounts"
	"afield/broker/policy/attributes"
	"afield/broker/policy/rule"
	"afield/broker/postgres"
)

// Details are what staff or the patron may change about a patron; nil leaves a
// value as it is.
type Details struct {
	Name, Address, Email, NoticeChannel, Language, Note *string
	// Phone counts as confirmed when it is given.
	Phone       *string
	Branch      *broker.ID
	Household   *broker.ID
	BornOn      *broker.Date
	KeepHistory *bool
	// NotFor keeps material types and audiences from a minor, where the policy lets
	// the library do so.
	NotFor *[]string
}

// ChangeDetails changes what is known of a patron. It refuses to keep materials
// from an adult, or from anybody where the policy has no such restriction.
func ChangeDetails(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, ref Ref, details Details, now time.Time) (Patron, error) {
	var patron Patron
	AskLocked(tx, ref, &patron)
	if err := tx.Flush(ctx); err != nil {
		return Patron{}, err
	}
	if patron.ID == broker.NoID || !patron.PurgedOn.IsZero() {
		return Patron{}, broker.NotFound("patron")
	}
	set(&patron.Name, details.Name)
	set(&patron.Address, details.Address)
	set(&patron.Email, details.Email)
	set(&patron.NoticeChannel, details.NoticeChannel)
	set(&patron.Language, details.Language)
	set(&patron.Note, details.Note)
	set(&patron.Branch, details.Branch)
	set(&patron.Household, details.Household)
	set(&patron.BornOn, details.BornOn)
	set(&patron.NotFor, details.NotFor)
	set(&patron.Phone, details.Phone)
	today := library.Today(now)
	if wrong := broker.Within(Check(document, patron, today), details.given()); wrong != nil {
		return Patron{}, broker.Invalid(wrong...)
	}
	if patron.Phone != "" && details.Phone != nil {
		patron.PhoneCheckedOn = today
	}
	if details.KeepHistory != nil {
		patron.KeepHistory = details.KeepHistory
	}
	if details.NotFor != nil && len(*details.NotFor) > 0 {
		if err := mayRestrictMaterials(document, patron, today); err != nil {
			return Patron{}, err
		}
	}
	return patron, SavePatron(tx, patron)
}

// ChangeOwn changes what a patron may change of their own account. Everything that
// the policy leaves to staff is refused at once, and nothing is changed then.
func ChangeOwn(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, ref Ref, details Details, now time.Time) (Patron, error) {
	patron, err := ByID(ctx, tx, ref)
	if err != nil {
		return Patron{}, err
	}
	may := accounts.OwnChanges(document, patron.Match(library.Today(now)))
	var reasons []broker.Reason
	for _, one := range []struct {
		what  attributes.OwnChange
		given bool
	}{
		{attributes.OwnEmail, details.Email != nil},
		{attributes.OwnPhone, details.Phone != nil},
		{attributes.OwnAddress, details.Address != nil},
		{attributes.OwnChannel, details.NoticeChannel != nil},
		{attributes.OwnLanguage, details.Language != nil},
		{attributes.OwnHistory, details.KeepHistory != nil},
	} {
		if one.given && !slices.Contains(may.Value, one.what) {
			reasons = append(reasons, broker.Reason{
				Code: "changed_at_the_desk", Rule: may.Rule, Clause: may.Clause, Message: "This is changed at the desk.",
				Needed: "a member of staff", Found: string(one.what),
			})
		}
	}
	if len(reasons) > 0 {
		return Patron{}, broker.Refused("may_not_change", "Some of this is changed at the desk.", reasons...)
	}
	return ChangeDetails(ctx, tx, library, document, ref, details, now)
}

// given names the fields that are changed.
func (d Details) given() map[string]bool {
	return map[string]bool{
		"/name": d.Name != nil, "/email": d.Email != nil, "/notice_channel": d.NoticeChannel != nil, "/language": d.Language != nil,
		"/phone": d.Phone != nil, "/born_on": d.BornOn != nil, "/not_for": d.NotFor != nil,
	}
}

func set[T any](field *T, to *T) {
	if to != nil {
		*field = *to
	}
}

// mayRestrictMaterials refuses to keep materials from a patron where the library
// restricts nobody, and from a patron who is no longer a minor.
func mayRestrictMaterials(document *policy.Document, patron Patron, today broker.Date) error {
	rule := accounts.MayRestrictMinors(document)
	reason := broker.Reason{Rule: rule.Rule, Clause: rule.Clause}
	switch {
	case !rule.Value:
		reason.Code, reason.Message = "no_restriction", "The library keeps no materials from minors."
		reason.Needed, reason.Found = "a policy that restricts materials", "none"
	case patron.BornOn.IsZero() || !today.Before(accounts.AdultOn(document, patron.BornOn).Value):
		reason.Code, reason.Message = "not_a_minor", "Materials are kept from minors only."
		reason.Needed, reason.Found = "a minor", "an adult, or no birthday"
	default:
		return nil
	}
	return broker.Refused("may_not_restrict", "Materials may not be kept from this account.", reason)
}

// guardianOf gives what the policy asks of the adult who answers for a patron
// already; nil where nobody does.
func guardianOf(ctx context.Context, tx *postgres.Tx, library directory.Library, of Standing, today broker.Date) (*policy.Patron, error) {
	at := slices.IndexFunc(of.Linked, func(linked Linked) bool { return linked.Parent })
	if at < 0 {
		return nil, nil
	}
	guardian, err := StandingOf(ctx, tx, library, of.Linked[at].Ref)
	if err != nil {
		return nil, err
	}
	facts := guardian.Facts(today)
	return &facts, nil
}

// ChangeClass gives a patron another class, with the papers the policy asks for:
// a minor who has come of age shows what renews their card at that age, anybody
// else what a new card of the class needs. Loans, holds and links stay; staff end
// the links where the patron now answers for themselves. Nothing else changes a
// class.
func ChangeClass(ctx context.Context, tx *postgres.Tx, library directory.Library, document *policy.Document, ref Ref, class string, papers Papers, fee Fee, act Act) (Registered, error) {
	standing, err := StandingOf(ctx, tx, library, ref)
	if err != nil {
		return Registered{}, err
	}
	patron, today := standing.Patron, library.Today(act.Now)
	if patron.Class == class {
		return Registered{Patron: patron}, nil
	}
	if wrong := checkClass(document, class); wrong != nil {
		return Registered{}, broker.Invalid(wrong...)
	}
	ask := accounts.CardApplication{Class: class, Met: papers.Met, Shown: papers.Shown}
	if ask.Guardian, err = guardianOf(ctx, tx, library, standing, today); err != nil {
		return Registered{}, err
	}
	if age, known := patron.AgeOn(today); known {
		ask.Age = rule.Some(age)
	}
	ofAge := accounts.LiableFor(document, patron.Class).Value == attributes.LiableGuardian && !patron.BornOn.IsZero() &&
		!today.Before(accounts.AdultOn(document, patron.BornOn).Value)
	if ofAge {
		ask.Class, ask.Renewal = patron.Class, true
	}
	decided, err := decide(tx, library, document, ask, patron, fee, act)
	if err != nil {
		return Registered{}, err
	}
	patron.Class, patron.NotFor = class, nil
	charges, err := decided.post(ctx, tx, library, patron, "class:"+ref.ID.String()+":"+class+":"+today.String(), fee, act)
	if err != nil {
		return Registered{}, err
	}
	return Registered{Patron: patron, Charges: charges, Passed: decided.passed}, SavePatron(tx, patron)
}
