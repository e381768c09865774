package migrations

// What the tests need from inside this package; they are in a package of their
// own because the test databases are made with this package.
var (
	UpFiles     = up
	ReadFolder  = read
	LatestRiver = latestRiver
)
