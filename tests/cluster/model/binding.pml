/* What a stored event teaches, at the home of the text (docs/adr/0016-the-log-on-several-machines.md).
 *
 * Two partitions, each the home of what the other's event teaches: event 0 is stored in partition 0 and teaches text 0, whose home is
 * partition 1; event 1 the other way round. Each owner crashes a few times, at any step, and whoever comes next begins with its log; that a
 * partition is one engine whose appends are atomic is what ownership.pml shows. Nodes cache what they have heard, and forget it.
 *
 * Faults are counted so that every run comes to rest; at rest (`timeout`) everybody serves and every client has its answer. */
#define FAULTS 4

byte off, only, late;
#define BOUND_FIRST     (off != 1)  /* acknowledged when what the event teaches is bound */
#define REPEATS_WAIT    (off != 2)  /* so is its repeat: "stored already" waits for the binding, too */
#define REBINDS         (off != 3)  /* an owner binds what its log teaches before it serves */
#define UNKNOWN_IS_ASKED (off != 4) /* caches hold what is known; "unknown" is asked at the home, each time */
#define BINDS_EARLY     (off != 5)  /* who has read its log takes bindings, before it serves */
#define HOME_LOGS       (off != 6)  /* bound is what is in the home's log */
#define IN_FLIGHT_COUNTS (off != 7) /* the home does not call unknown what it is about to bind: others may see the binding before it does */
/* Not a rule: the owner serves at once and counts what its log teaches as under way until it is bound. Holds as well (late). */

bit untrue, stuck;
#define FORBID(number, name, bad) if :: (only == 0 || only == number) && (bad) -> name = 1; assert(!name) :: else fi

/* The logs. */
bool stored[2];   /* event i, in partition i */
bool bound[2];    /* text i, in partition 1 - i, and so in what all nodes read */

/* The engines; all of this is gone after a crash. */
mtype = {down, has_read, serving};
mtype engine[2] = down;
bool settled[2];     /* partition i knows that text i is bound */
bool applied[2];     /* the home knows that text i is bound: its commit has been answered, or it has read its log since */
bool bound_soon[2];  /* text i, in the memory of its home */
bool answer[2];      /* of the home of text i, on its way to partition i */

/* The nodes' caches, and what clients were told: event i was stored, text i is known. */
bool cached[4], cached_unknown[4];
bool told[2], shown[2];

byte faults;

#define takes_bindings(p) (engine[p] == serving || (BINDS_EARLY && engine[p] == has_read))

proctype partition(bit i) {
  do
  :: atomic { engine[i] == down -> printf("partition %d: reads its log\n", i); 
       engine[i] = has_read; settled[i] = stored[i] && !REBINDS; applied[1 - i] = bound[1 - i] }
  :: atomic { engine[i] == has_read && (!stored[i] || settled[i] || late) -> printf("partition %d: serves\n", i); engine[i] = serving }
  :: atomic { engine[i] != down && faults < FAULTS ->
       printf("partition %d: crashes\n", i);
       faults++; engine[i] = down; settled[i] = false; answer[i] = false; bound_soon[1 - i] = false; applied[1 - i] = false }
  /* The poster. */
  :: atomic { engine[i] == serving && !stored[i] ->
       printf("partition %d: stores event %d\n", i, i);
       stored[i] = true;
       if :: !BOUND_FIRST -> printf("event %d is acknowledged\n", i); told[i] = true :: else fi }
  :: atomic { engine[i] == serving && settled[i] && !told[i] -> printf("event %d is acknowledged\n", i); told[i] = true }
  /* A second poster of the same, or the first again. */
  :: atomic { engine[i] == serving && stored[i] && !told[i] && !REPEATS_WAIT -> printf("event %d is stored already\n", i); told[i] = true }
  /* Asks the home to bind, until it has heard that it did. */
  :: atomic { engine[i] != down && stored[i] && !settled[i] && !answer[i] && takes_bindings(1 - i) && !bound[i] && !bound_soon[i] ->
       printf("home: binds text %d\n", i);
       if :: HOME_LOGS -> bound[i] = true :: else -> bound_soon[i] = true; answer[i] = true fi }
  :: atomic { bound[i] && !applied[i] && engine[1 - i] != down -> printf("home: knows that text %d is bound\n", i); applied[i] = true }
  :: atomic { engine[i] != down && stored[i] && !settled[i] && !answer[i] && takes_bindings(1 - i) && applied[i] -> answer[i] = true }
  :: atomic { bound_soon[i] && engine[1 - i] != down -> bound[i] = true; bound_soon[i] = false }
  :: atomic { answer[i] -> answer[i] = false; settled[i] = true }
  od
}

#define says_unknown(text) (engine[1 - text] == serving && !applied[text] && !(IN_FLIGHT_COUNTS && bound[text]))
/* An answer that changes nothing is no step, so that runs come to rest. */
#define matters(n, text) (told[text] || shown[text] || (!UNKNOWN_IS_ASKED && !cached_unknown[n * 2 + text]))

inline answer_unknown(asked, text) {
  printf("node %d: answers that text %d is unknown\n", asked, text);
  FORBID(1, untrue, told[text] || shown[text]);
  if :: !UNKNOWN_IS_ASKED -> cached_unknown[asked * 2 + text] = true :: else fi
}

/* A node that is asked for both texts, by clients and by other homes. */
proctype node(bit n) {
  do
  :: atomic { bound[0] && !cached[n * 2] -> cached[n * 2] = true }
  :: atomic { bound[1] && !cached[n * 2 + 1] -> cached[n * 2 + 1] = true }
  :: atomic { cached[n * 2] && faults < FAULTS -> faults++; cached[n * 2] = false }
  :: atomic { cached[n * 2 + 1] && faults < FAULTS -> faults++; cached[n * 2 + 1] = false }
  /* The home of the text is asked and says that it is unknown. */
  :: atomic { !cached[n * 2] && says_unknown(0) && matters(n, 0) -> answer_unknown(n, 0) }
  :: atomic { !cached[n * 2 + 1] && says_unknown(1) && matters(n, 1) -> answer_unknown(n, 1) }
  :: atomic { !cached[n * 2] && cached_unknown[n * 2] && (told[0] || shown[0]) -> answer_unknown(n, 0) }
  :: atomic { !cached[n * 2 + 1] && cached_unknown[n * 2 + 1] && (told[1] || shown[1]) -> answer_unknown(n, 1) }
  :: atomic { cached[n * 2] && !shown[0] -> printf("node %d: answers that text 0 is known\n", n); shown[0] = true }
  :: atomic { cached[n * 2 + 1] && !shown[1] -> printf("node %d: answers that text 1 is known\n", n); shown[1] = true }
  od
}

active proctype rest() {
  timeout;
  FORBID(2, stuck, engine[0] != serving || engine[1] != serving || !told[0] || !told[1])
}

init {
  atomic {
    off = c_expr { (getenv("OFF") ? atoi(getenv("OFF")) : 0) };
    only = c_expr { (getenv("ONLY") ? atoi(getenv("ONLY")) : 0) };
    late = c_expr { (getenv("LATE") ? 1 : 0) };
    run partition(0); run partition(1); run node(0); run node(1)
  }
}
