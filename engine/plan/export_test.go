package plan

// Words says an effect of a step that no plan holds, for tests.
var Words = (*Step).words
