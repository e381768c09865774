package directory

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"afield/broker"
	"afield/broker/csvfile"
)

// importedRow is one row of a directory file, understood.
type importedRow struct {
	line        int
	key         string
	name        string
	symbol      broker.Symbol
	state       string
	country     string
	latitude    *float64
	longitude   *float64
	zone        string
	currency    string
	yearlyLoans *int64
}

// form is a kind of directory file: which columns it has and what they mean.
type form struct {
	name string
	// needed columns identify the form; known ones are read when they are there.
	needed, known []string
	// closed refuses unknown columns, so that a misspelt name of an optional column
	// does not go unnoticed.
	closed bool
	read   func(*cells) importedRow
}

func (f form) reads(column string) bool {
	return slices.Contains(f.needed, column) || slices.Contains(f.known, column)
}

// forms lists the accepted kinds of file.
func forms() []form {
	return []form{
		{
			name: "Public Libraries Survey", needed: []string{"FSCSKEY", "LIBNAME", "STABR"},
			known: []string{"LONGITUD", "LATITUDE", "TOTCIR"}, read: readSurvey,
		},
		{
			name: "Afield's own", needed: []string{"KEY", "NAME"},
			known:  []string{"SYMBOL", "STATE", "COUNTRY", "LATITUDE", "LONGITUDE", "YEARLY_LOANS", "TIME_ZONE"},
			closed: true, read: readOwn,
		},
	}
}

// readSurvey reads a row of the yearly Public Libraries Survey of the United
// States. Its keys are FSCS keys; NA and negative numbers stand for missing.
func readSurvey(row *cells) importedRow {
	read := importedRow{country: "US", key: row.key("FSCSKEY"), name: row.name("LIBNAME"), state: row.state("STABR", "US")}
	read.latitude, read.longitude = row.place("LATITUDE", "LONGITUD")
	read.yearlyLoans = row.count("TOTCIR", true)
	if read.key != "" {
		read.symbol = broker.NewSymbol("FSCS", read.key)
	}
	read.zone = row.zone("", "US", read.state)
	return read
}

func readOwn(row *cells) importedRow {
	country := strings.ToUpper(row.text("COUNTRY"))
	if country == "" {
		country = "US"
	}
	if len(country) != 2 || !isLetters(country) {
		row.wrong("COUNTRY", "must be the two letters of a country, for example US or CA")
	}
	read := importedRow{country: country, key: row.key("KEY"), name: row.name("NAME")}
	if row.text("STATE") != "" || CurrencyOf(country) != "" {
		read.state = row.state("STATE", country)
	}
	read.latitude, read.longitude = row.place("LATITUDE", "LONGITUDE")
	read.yearlyLoans = row.count("YEARLY_LOANS", false)
	if text := row.text("SYMBOL"); text != "" {
		symbol, err := broker.ParseSymbol(text)
		if err != nil {
			row.wrong("SYMBOL", "must be NAMESPACE:VALUE, for example ISIL:US-NWPTL")
		}
		read.symbol = symbol
	}
	read.zone = row.zone("TIME_ZONE", country, read.state)
	return read
}

// cells are the fields of one row by column name; they collect what is wrong.
type cells struct {
	line    int
	columns map[string]int
	fields  []string
	errors  []csvfile.RowError
}

func (c *cells) wrong(column, format string, args ...any) {
	c.errors = append(c.errors, csvfile.RowError{Line: c.line, Column: column, Message: fmt.Sprintf(format, args...)})
}

// text gives a field, trimmed; NA and a missing column are "".
func (c *cells) text(column string) string {
	at, found := c.columns[column]
	if !found || at >= len(c.fields) {
		return ""
	}
	text := strings.TrimSpace(c.fields[at])
	if text == "NA" {
		return ""
	}
	return text
}

const longestKey, longestName = 64, 200

func (c *cells) key(column string) string {
	key := c.text(column)
	switch {
	case key == "":
		c.wrong(column, "is empty; every library needs a key of its own that stays the same in later files")
	case len(key) > longestKey:
		c.wrong(column, "must be at most %d characters", longestKey)
	}
	return key
}

func (c *cells) name(column string) string {
	name := c.text(column)
	switch {
	case name == "":
		c.wrong(column, "is empty; every library needs a name")
	case utf8.RuneCountInString(name) > longestName:
		c.wrong(column, "must be at most %d characters", longestName)
	}
	return readableName(name)
}

func (c *cells) state(column, country string) string {
	state := strings.ToUpper(c.text(column))
	_, known := zones[country+"-"+state]
	switch {
	case CurrencyOf(country) != "" && state == "":
		c.wrong(column, "is empty; write the postal code of the state or province, for example NY")
	case CurrencyOf(country) != "" && !known:
		c.wrong(column, "%q is not a state or province of %s; write its postal code, for example %s", shown(state), country,
			map[string]string{"US": "NY", "CA": "ON"}[country])
	case len(state) > 10:
		c.wrong(column, "must be at most 10 characters")
	}
	return state
}

func (c *cells) zone(column, country, state string) string {
	if name := c.text(column); name != "" {
		if zone, err := time.LoadLocation(name); err != nil || zone == time.Local || name == "Local" {
			c.wrong(column, "%q is not a time zone; write it as America/New_York", shown(name))
		}
		return name
	}
	if zone, known := ZoneOf(country, state); known {
		return zone.String()
	}
	if CurrencyOf(country) == "" {
		c.wrong("TIME_ZONE", "is empty and cannot be guessed for %s; write it as Europe/Paris", shown(country))
	}
	return "UTC"
}

// place reads a pair of coordinates: both or neither.
func (c *cells) place(latitude, longitude string) (*float64, *float64) {
	lat := c.degrees(latitude, 90)
	long := c.degrees(longitude, 180)
	if (c.text(latitude) == "") != (c.text(longitude) == "") {
		c.wrong(latitude, "and %s must both be given or both be empty", longitude)
	}
	return lat, long
}

func (c *cells) degrees(column string, most float64) *float64 {
	text := c.text(column)
	if text == "" {
		return nil
	}
	degrees, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(degrees) || math.Abs(degrees) > most {
		c.wrong(column, "%q is not degrees from -%.0f to %.0f; write it as -73.43", shown(text), most, most)
		return nil
	}
	return &degrees
}

// count reads a whole number. Surveys write negative numbers for missing.
func (c *cells) count(column string, negativeIsMissing bool) *int64 {
	text := c.text(column)
	if text == "" {
		return nil
	}
	count, err := strconv.ParseInt(text, 10, 64)
	if err == nil && count < 0 && negativeIsMissing {
		return nil
	}
	if err != nil || count < 0 {
		c.wrong(column, "%q is not a whole number from 0; write it as 7502, or leave it empty", shown(text))
		return nil
	}
	return &count
}

// shown shortens a stranger's text for a message.
func shown(text string) string {
	if runes := []rune(text); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return text
}

func isLetters(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < 'A' || r > 'Z' })
}
