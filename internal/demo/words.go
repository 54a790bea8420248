package demo

var cities = []struct{ code, name string }{
	{"AMS", "Amsterdam"},
	{"UTR", "Utrecht"},
	{"BRU", "Brussels"},
	{"GNT", "Gent"},
	{"KLN", "Köln"},
	{"MUC", "München"},
	{"ZRH", "Zürich"},
	{"LYN", "Lyon"},
	{"ORL", "Orléans"},
	{"MLG", "Málaga"},
	{"ARH", "Århus"},
	{"MLM", "Malmö"},
	{"GDA", "Gdańsk"},
	{"LDZ", "Łódź"},
	{"BRN", "Brno"},
	{"GYR", "Győr"},
	{"IZM", "İzmir"},
	{"GAL", "Galway"},
	{"LDS", "Leeds"},
	{"PRT", "Porto"},
}

var firstNames = []string{
	"Anna", "Bram", "Carla", "Daniel", "Emma", "Finn", "Greta", "Hugo", "Ines", "Jan", "Karin", "Lars", "Maria",
	"Niels", "Olga", "Pieter", "Rosa", "Sven", "Tess", "Wim", "Zoë", "Łukasz", "Çağla", "José", "Søren", "Ždenka",
	"Siobhán", "Ελένη", "Дмитрий", "小龍",
}

// asciiNames stand in e-mail addresses, place by place for firstNames.
var asciiNames = []string{
	"anna", "bram", "carla", "daniel", "emma", "finn", "greta", "hugo", "ines", "jan", "karin", "lars", "maria",
	"niels", "olga", "pieter", "rosa", "sven", "tess", "wim", "zoe", "lukasz", "cagla", "jose", "soren", "zdenka",
	"siobhan", "eleni", "dmitri", "xiaolong",
}

var lastNames = []string{
	"de Vries", "Jansen", "Bakker", "Visser", "Müller", "Weiß", "Dubois", "Lefèvre", "García", "Núñez", "Nielsen",
	"Østergård", "Kowalski", "Wójcik", "Novák", "Szabó", "Yılmaz", "O'Brien", "Smith", "Fernandes", "Παππάς",
	"Иванов", "李",
}

var trades = []string{
	"Bakery", "Dental Practice", "Garden Centre", "Hotel", "Printworks", "School", "Brewery", "Laundry",
	"Bookshop", "Care Home", "Swimming Pool", "Theatre",
}

var mailHosts = []string{"example.org", "example.com", "example.net", "mail.example", "post.example"}

var streets = []string{
	"Kerkstraat", "Hoofdweg", "Bahnhofstraße", "Rue de l'Église", "Calle Mayor", "Storgatan", "ulica Długa",
	"High Street", "Lindenallee", "Quai des Brumes", "Market Square", "Molenpad",
}

var works = []string{
	"Boiler makes a noise", "Annual service", "No hot water", "Radiator leaks", "Replace thermostat",
	"Heat pump shows error E07", "Inspect flue", "Bleed the system", "Install expansion vessel",
	"Floor heating stays cold", "Gas smell – urgent", "Quote for solar collector",
}

var notes = []string{
	"Key is with the neighbours", "Customer said: \"come after four\"", "Dog! Ring twice, then wait",
	"Part ordered, see e-mail", "Paid in cash; receipt given", "Très difficile d'accès 🚧", "Call before visit",
}

// months is how some clerks wrote dates.
var months = []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// badDates were all typed by somebody, once.
var badDates = []string{"31/02/2019", "unknown", "00/00/0000", "29/02/2021", "2019-13-01", "next week"}
