package lifetest

// soakVariable asks for the long tests.
const soakVariable = "LANDFALL_SOAK"
