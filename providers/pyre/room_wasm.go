package pyre

// A guest has 64 MiB in all, in which a stack that grows by copying would lie several times: it has 16 MiB, which are reserved once a search
// turns out to need more than most do. Without a clock the steps are limited, to fewer than those after which the host ends the guest.
const (
	maxStack  = 1 << 20
	reserving = 128 << 10
	maxResult = 8 << 20
	maxSteps  = 6 << 20
)
