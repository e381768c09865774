package notices

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"

	"afield/broker"
	"afield/broker/directory"
	"afield/broker/outbox"
	"afield/broker/patrons"
	"afield/broker/policy"
	"afield/broker/postgres"
)

// retries are eight, over about a day; then the next channel is tried.
var retries = outbox.Retries{
	Waits: []time.Duration{
		time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour,
	},
	LongestAsked: 8 * time.Hour,
	Tries:        9,
}

// Patience is how long a notice waits on a channel that is not set up here before
// the next one is tried: long enough to set it up, short enough to matter.
const Patience = 24 * time.Hour

// Outgoing is one mailing: all of a patron's notices of one kind and stage that
// are due by one channel.
type Outgoing struct {
	// ID is stable: sending the same again carries the same ID.
	ID      string
	Library broker.ID
	Channel Channel
	// To is the address or number; it goes into no log.
	To       string
	Language string
	Text
	// Notices are those it contains, at least one.
	Notices []Notice

	contact patrons.Contact
}

// Claim takes some of a library's due notices of a channel for a sender, so that
// nobody else sends them; now is business time, wall is wall time. Reminders
// whose loan is back are ended, and notices to patrons whom the channel no longer
// reaches are passed on; neither is given. limit counts patrons, not notices.
func Claim(ctx context.Context, tx *postgres.Tx, library directory.Library, channel Channel, node string, now, wall time.Time, limit int) ([]Outgoing, error) {
	withdrawSettled(tx, library.ID, channel, now)
	claimed, err := claim(ctx, tx, library.ID, channel, node, now, wall, limit)
	if err != nil || len(claimed) == 0 {
		return nil, err
	}
	all, err := compose(ctx, tx, library, claimed)
	if err != nil {
		return nil, err
	}
	var ready []Outgoing
	for _, out := range all {
		if out.To == "" {
			RecordTrouble(tx, out, outbox.Trouble{Final: true, Detail: "Nothing is on file to reach the patron this way."}, now)
			continue
		}
		ready = append(ready, out)
	}
	return ready, nil
}

// compose puts notices of one channel together by patron, kind and stage, and
// writes their text.
func compose(ctx context.Context, tx *postgres.Tx, library directory.Library, list []Notice) ([]Outgoing, error) {
	contacts, err := patrons.Contacts(ctx, tx, library.ID, patronsOf(list))
	if err != nil {
		return nil, err
	}
	texts, err := textsOfLibrary(ctx, tx, library)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b Notice) int {
		return cmp.Or(a.DueAt.Compare(b.DueAt), strings.Compare(a.ID.String(), b.ID.String()))
	})
	type together struct {
		patron broker.ID
		kind   Kind
		stage  string
	}
	var order []together
	groups := map[together][]Notice{}
	for _, notice := range list {
		key := together{notice.Patron, notice.Kind, notice.Stage}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], notice)
	}
	all := make([]Outgoing, 0, len(order))
	for _, key := range order {
		out, err := composeOne(library, texts, contacts[key.patron], groups[key])
		if err != nil {
			return nil, err
		}
		all = append(all, out)
	}
	return all, nil
}

func composeOne(library directory.Library, texts libraryTexts, contact patrons.Contact, group []Notice) (Outgoing, error) {
	first := group[0]
	out := Outgoing{
		ID: stableID(group), Library: library.ID, Channel: first.Channel, Language: languageOf(contact.Language).Language,
		Notices: group, contact: contact,
	}
	switch first.Channel {
	case Email:
		out.To = contact.Email
	case SMS, Voice, Phone:
		out.To = contact.Phone
	case Letter, Account:
	}
	bodies := make([]string, len(group))
	for i, notice := range group {
		text, err := texts.of(notice, contact.Language)
		if err != nil {
			return Outgoing{}, err
		}
		out.Subject, bodies[i] = text.Subject, text.Body
	}
	out.Body = joinBodies(bodies)
	return out, nil
}

// stableID names a mailing: by the notice itself, or for several by an id made of
// exactly those.
func stableID(group []Notice) string {
	if len(group) == 1 {
		return group[0].ID.String()
	}
	ids := make([]string, len(group))
	for i, notice := range group {
		ids[i] = notice.ID.String()
	}
	slices.Sort(ids)
	sum := sha256.Sum256([]byte(strings.Join(ids, " ")))
	return fmt.Sprintf("%s-%x", ids[0], sum[:6])
}

// joinBodies makes one text of several: paragraphs that all of them begin or end
// with appear once, and so do those that two of them share.
func joinBodies(bodies []string) string {
	paragraphs := make([][]string, len(bodies))
	for i, body := range bodies {
		paragraphs[i] = strings.Split(body, "\n\n")
	}
	begin, end := 0, 0
	shortest := len(slices.MinFunc(paragraphs, func(a, b []string) int { return cmp.Compare(len(a), len(b)) }))
	same := func(at func([]string) string) bool {
		return !slices.ContainsFunc(paragraphs, func(p []string) bool { return at(p) != at(paragraphs[0]) })
	}
	for begin < shortest && same(func(p []string) string { return p[begin] }) {
		begin++
	}
	for end < shortest-begin && same(func(p []string) string { return p[len(p)-1-end] }) {
		end++
	}
	joined := slices.Clone(paragraphs[0][:begin])
	for _, p := range paragraphs {
		if middle := strings.Join(p[begin:len(p)-end], "\n\n"); middle != "" && !slices.Contains(joined, middle) {
			joined = append(joined, middle)
		}
	}
	return strings.Join(append(joined, paragraphs[0][len(paragraphs[0])-end:]...), "\n\n")
}

// RecordSent queues a record that everything in it was handed over.
func RecordSent(tx *postgres.Tx, out Outgoing, now time.Time) {
	tx.Queue(`update notices set status = 'done', outcome = 'sent', done_at = $3, tries = tries + 1, last_error = '', claimed_until = null
		where library_id = $1 and id = any ($2) and status = 'due'`, out.Library, idsOf(out.Notices), now)
}

// Release queues releasing what was claimed and not tried.
func Release(tx *postgres.Tx, outs []Outgoing) {
	for _, out := range outs {
		tx.Queue(`update notices set claimed_until = null where library_id = $1 and id = any ($2) and status = 'due'`, out.Library, idsOf(out.Notices))
	}
}

// ReleaseNode queues releasing what a node had claimed when it was killed. It
// looks at all libraries: call it in the system's scope.
func ReleaseNode(tx *postgres.Tx, node string) {
	tx.Queue(`update notices n set claimed_until = null where `+outgoing.ClaimedBy("$1"), node)
}

// RecordTrouble queues a record that something could not be sent: it is tried
// again later or, after about a day or where that is useless, goes to the next
// channel that reaches the patron. The last is the account; staff then find it
// among those that could not be sent (Troubled).
func RecordTrouble(tx *postgres.Tx, out Outgoing, trouble outbox.Trouble, now time.Time) {
	for _, n := range out.Notices {
		n.Tries++
		n.LastError = trouble.Detail
		if next := retries.After(trouble, n.Tries, now); next.GivenUp {
			n = n.passedOn(out.contact, now)
		} else {
			n.DueAt = next.At
		}
		moveOn(tx, n)
	}
}

// passedOn moves a notice to the next channel that reaches the patron.
func (n Notice) passedOn(contact patrons.Contact, now time.Time) Notice {
	chain := slices.DeleteFunc(append(slices.Clone(n.NextChannels), Account), func(c Channel) bool {
		return !reaches(c, contact.Phone, contact.Email)
	})
	n.Tries, n.DueAt = 0, now
	return n.by(chain[:slices.Index(chain, Account)+1], now)
}

// PutOff queues putting off the due notices of a channel until the quiet hours
// are over, and tells whether it is quiet now: e-mail may go out at any time.
func PutOff(tx *postgres.Tx, library directory.Library, document *policy.Document, channel Channel, now time.Time) bool {
	if !channel.Spoken() {
		return false
	}
	until := mayCallAt(document, library, now)
	if !until.After(now) {
		return false
	}
	tx.Queue(`update notices set due_at = $3 where library_id = $1 and channel = $2 and status = 'due' and due_at <= $4`,
		library.ID, string(channel), until, now)
	return true
}

// NotSetUp deals with a library's notices on a channel that is not set up here:
// staff see why they wait, and those that have waited for Patience go on to the
// next channel that reaches the patron, up to limit at once. It gives how many
// did. What can only go by this channel stays, and goes out once it is set up.
func NotSetUp(ctx context.Context, tx *postgres.Tx, library broker.ID, channel Channel, why string, now time.Time, limit int) (int, error) {
	tx.Queue(`update notices set last_error = $3 where library_id = $1 and channel = $2 and status = 'due' and due_at <= $4 and last_error = ''`,
		library, string(channel), why, now)
	waiting, err := collect(tx.Query(ctx, `select `+columns+` from notices n
		where n.library_id = $1 and n.channel = $2 and n.status = 'due' and n.due_at <= $3 and not n.next_channels <@ '{account}'
		order by n.due_at, n.id limit $4 for update skip locked`, library, string(channel), now.Add(-Patience), limit))
	if err != nil {
		return 0, err
	}
	contacts, err := patrons.Contacts(ctx, tx, library, patronsOf(waiting))
	if err != nil {
		return 0, err
	}
	moved := 0
	for _, n := range waiting {
		n.LastError = why
		if on := n.passedOn(contacts[n.Patron], now); on.Channel != Account {
			moveOn(tx, on)
			moved++
		}
	}
	return moved, nil
}

// PassOn lets staff move a due notice to its next channel: a letter without an
// address, or a call that nobody has time for. why is kept with the notice.
func PassOn(ctx context.Context, tx *postgres.Tx, library, id broker.ID, why string, now time.Time) (Notice, error) {
	n, err := byIDLocked(ctx, tx, library, id)
	if err != nil {
		return Notice{}, err
	}
	if n.Status != Due {
		return Notice{}, broker.Conflict("notice_not_due", "That notice is %s; nobody needs to be told any more.", n.Status)
	}
	contacts, err := patrons.Contacts(ctx, tx, library, []broker.ID{n.Patron})
	if err != nil {
		return Notice{}, err
	}
	n.LastError = why
	n = n.passedOn(contacts[n.Patron], now)
	moveOn(tx, n)
	return n, nil
}

func idsOf(list []Notice) []broker.ID {
	ids := make([]broker.ID, len(list))
	for i, notice := range list {
		ids[i] = notice.ID
	}
	return ids
}
