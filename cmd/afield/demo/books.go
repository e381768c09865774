package demo

import "afield/broker"

// book is one title, with who has it. Each story has titles of its own, so that
// no story disturbs another.
type book struct {
	key           string
	story         string // the id of the story it is for; "today" for those left open at the end
	title, author string
	isbn          string
	// copies are the libraries that own one: as items at members, as holdings
	// elsewhere.
	copies []string
}

func books() []book {
	return []book{
		{"own", "a", "The Outermost House", "Beston, Henry", "9780805073683", []string{"westport"}},
		{"local", "b", "The Sea Around Us", "Carson, Rachel", "9780195147018", []string{"plattsburgh"}},
		{"regional", "c", "Coming into the Country", "McPhee, John", "9780374522872", []string{"massena", "still-pond", "potsdam"}},
		{"fee", "d", "The Living Mountain", "Shepherd, Nan", "9780857861832", []string{"green-mountain"}},
		{"declined", "e", "Arctic Dreams", "Lopez, Barry", "9780375727481", []string{"green-mountain", "high-surf"}},
		{"condition", "f", "Basin and Range", "McPhee, John", "9780374516901", []string{"slow-river"}},
		{"unclaimed", "g", "Pilgrim at Tinker Creek", "Dillard, Annie", "9780061233326", []string{"champlain"}},
		{"renewed", "h", "The Snow Leopard", "Matthiessen, Peter", "9780143105510", []string{"tall-grass"}},
		{"renewed-late", "h", "Desert Solitaire", "Abbey, Edward", "9780671695880", []string{"tall-grass"}},
		{"fourth-1", "i", "Gilead", "Robinson, Marilynne", "9780312424404", []string{"michigan-city"}},
		{"fourth-2", "i", "Housekeeping", "Robinson, Marilynne", "9780312424091", []string{"michigan-city"}},
		{"fourth-3", "i", "My Ántonia", "Cather, Willa", "9780679741879", []string{"michigan-city"}},
		{"fourth-4", "i", "Ethan Frome", "Wharton, Edith", "9780486266909", []string{"michigan-city"}},
		{"five-dollars-in", "j", "Angle of Repose", "Stegner, Wallace", "9780141185477", []string{"michigan-city"}},
		{"five-dollars-il", "j", "The Shipping News", "Proulx, Annie", "9780671510053", []string{"tall-grass"}},
		{"first", "k", "Silent Spring", "Carson, Rachel", "9780618249060", []string{"westport"}},
		{"crossed", "l", "The Control of Nature", "McPhee, John", "9780374522599", []string{"slow-river"}},
		{"dead", "m", "The Country of the Pointed Firs", "Jewett, Sarah Orne", "9780486281964", []string{"long-night"}},
		{"meanwhile", "m", "Walden", "Thoreau, Henry David", "9780691096124", []string{"slow-river"}},
		{"lies", "n", "A Sand County Almanac", "Leopold, Aldo", "9780345345059", []string{"two-tongues", "slow-river"}},
		{"by-hand", "o", "To the Lighthouse", "Woolf, Virginia", "9780156907392", []string{"smiths-falls"}},
		{"open-cost", "today", "To Kill a Mockingbird", "Lee, Harper", "9780061120084", []string{"green-mountain"}},
		{"open-hold", "today", "The Great Gatsby", "Fitzgerald, F. Scott", "9780743273565", []string{"westport"}},
		{"open-lending", "today", "Invisible Man", "Ellison, Ralph", "9780679732761", []string{"westport"}},
	}
}

func bookOf(key string) book {
	for _, one := range books() {
		if one.key == key {
			return one
		}
	}
	panic("demo: no book " + key)
}

func (b book) id() broker.ID { return broker.DeriveID("demo", "title", b.isbn) }

func (b book) citation() broker.Citation {
	return broker.Citation{Title: b.title, Author: b.author, ISBN: b.isbn}
}
