package directory

import (
	"time"
	// A library's zone must be known on a machine without a zone database.
	_ "time/tzdata"
)

// zones by country and state (the postal codes of the United States and Canada):
// where most of its people live. Thirteen states are split; a file that knows
// better says so in a time_zone column.
var zones = map[string]string{
	"US-AL": "America/Chicago", "US-AK": "America/Anchorage", "US-AZ": "America/Phoenix",
	"US-AR": "America/Chicago", "US-CA": "America/Los_Angeles", "US-CO": "America/Denver",
	"US-CT": "America/New_York", "US-DE": "America/New_York", "US-DC": "America/New_York",
	"US-FL": "America/New_York", "US-GA": "America/New_York", "US-HI": "Pacific/Honolulu",
	"US-ID": "America/Boise", "US-IL": "America/Chicago", "US-IN": "America/Indiana/Indianapolis",
	"US-IA": "America/Chicago", "US-KS": "America/Chicago", "US-KY": "America/New_York",
	"US-LA": "America/Chicago", "US-ME": "America/New_York", "US-MD": "America/New_York",
	"US-MA": "America/New_York", "US-MI": "America/Detroit", "US-MN": "America/Chicago",
	"US-MS": "America/Chicago", "US-MO": "America/Chicago", "US-MT": "America/Denver",
	"US-NE": "America/Chicago", "US-NV": "America/Los_Angeles", "US-NH": "America/New_York",
	"US-NJ": "America/New_York", "US-NM": "America/Denver", "US-NY": "America/New_York",
	"US-NC": "America/New_York", "US-ND": "America/Chicago", "US-OH": "America/New_York",
	"US-OK": "America/Chicago", "US-OR": "America/Los_Angeles", "US-PA": "America/New_York",
	"US-RI": "America/New_York", "US-SC": "America/New_York", "US-SD": "America/Chicago",
	"US-TN": "America/Chicago", "US-TX": "America/Chicago", "US-UT": "America/Denver",
	"US-VT": "America/New_York", "US-VA": "America/New_York", "US-WA": "America/Los_Angeles",
	"US-WV": "America/New_York", "US-WI": "America/Chicago", "US-WY": "America/Denver",
	"US-AS": "Pacific/Pago_Pago", "US-GU": "Pacific/Guam", "US-MP": "Pacific/Guam",
	"US-PR": "America/Puerto_Rico", "US-VI": "America/St_Thomas",
	"CA-AB": "America/Edmonton", "CA-BC": "America/Vancouver", "CA-MB": "America/Winnipeg",
	"CA-NB": "America/Moncton", "CA-NL": "America/St_Johns", "CA-NS": "America/Halifax",
	"CA-NT": "America/Yellowknife", "CA-NU": "America/Iqaluit", "CA-ON": "America/Toronto",
	"CA-PE": "America/Halifax", "CA-QC": "America/Toronto", "CA-SK": "America/Regina",
	"CA-YT": "America/Whitehorse",
}

// ZoneOf guesses the time zone of a library from its country and state; false
// when the state is not known. In a split state it is the zone of most people.
func ZoneOf(country, state string) (*time.Location, bool) {
	name, known := zones[country+"-"+state]
	if !known {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}

// CurrencyOf gives the currency of a country whose states we know, else "".
func CurrencyOf(country string) string {
	return map[string]string{"US": "USD", "CA": "CAD"}[country]
}
