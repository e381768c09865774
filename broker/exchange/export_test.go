package exchange

// SQLOfListings is all the SQL that an export runs.
func SQLOfListings() (all string) {
	for _, listing := range listings() {
		all += listing.SQL + "\n"
	}
	return all
}
