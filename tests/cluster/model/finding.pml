/* The way of events that name the same new project_ref R, over the partitions of one topic (docs/adr/0016-the-log-on-several-machines.md).
 *
 * A partition is one engine whose appends are atomic: that is what ownership.pml shows. Everything volatile may be lost between any two
 * appends: a process is one attempt to post an event, and an attempt whose node has crashed is one that makes no further step, while the
 * source posts the same again. So attempts overlap, and all of them may come to their end, late.
 *
 * Partition 0 is the home of R; what opens a project by R opens project 0 there. Projects 1 and 2 exist already in partitions 1 and 2.
 * What the homes of other texts and of the customer answer is not modelled: any answer at any time, because references are taught and
 * projects are closed meanwhile. */
#define HOME 0
#define NONE 3
#define EVENTS 2

byte off, only, attempts;
#define PROMISED       (off != 1)  /* R is bound in its home's log before the event leaves for a project elsewhere */
#define ASKED_AGAIN    (off != 2)  /* what the home has learnt while it asked others counts: its append expects that nothing came between */
#define BY_HOME        (off != 3)  /* a cached binding of R is no way past its home */
#define FIRST_DECIDES  (off != 4)  /* an event goes by the partition of the first project that R was bound to: there its key is looked up */
#define NOTED          (off != 5)  /* what that partition sends on to another project of R is in its log before */
#define LETTER_NOTED   (off != 6)  /* so is where a dead letter is sent */
#define DEDUPLICATED   (off != 7)  /* and where an event is stored its key is looked up in the append */

bit doubled, split;
#define FORBID(number, name, bad) if :: (only == 0 || only == number) && (bad) -> name = 1; assert(!name) :: else fi

/* The home's log. */
bool bound[3];
byte first = NONE;

/* Each partition's log: an event of the project there, that it was sent on and where to, the letter. Index: event * 3 + partition. */
byte stored[6];
byte sent_on[6] = NONE;
mtype = {no, waiting, attaching, attached};
mtype letter[6] = no;
byte attaching_to[6] = NONE;

/* For the invariants: the project of those that were found by R while it meant one project; letters that were attached by hand. */
byte found = NONE;
bool by_hand[2];

#define at(e, p) ((e) * 3 + (p))
#define known_at(e, p) (stored[at(e, p)] > 0 || letter[at(e, p)] != no || sent_on[at(e, p)] != NONE)
#define several (bound[0] + bound[1] + bound[2] > 1)
#define kept(e) (LETTER_NOTED && (letter[at(e, 0)] == waiting || letter[at(e, 1)] == waiting || letter[at(e, 2)] == waiting))
#define letters(e) ((letter[at(e, 0)] != no) + (letter[at(e, 1)] != no) + (letter[at(e, 2)] != no))
#define times(e) (stored[at(e, 0)] + stored[at(e, 1)] + stored[at(e, 2)])

inline check_once(event) {
  FORBID(1, doubled, times(event) > 1 || letters(event) > 1 || (kept(event) && times(event) > 0))
}
inline bind(project) {
  if :: !bound[project] -> printf("home: binds R to project %d\n", project) :: else fi;
  bound[project] = true;
  if :: first == NONE -> first = project :: else fi
}
inline store(event, project, is_found) {
  if
  :: DEDUPLICATED && stored[at(event, project)] > 0
  :: else ->
       printf("event %d is stored in project %d\n", event, project);
       stored[at(event, project)]++;
       check_once(event);
       if
       :: is_found -> FORBID(2, split, found != NONE && found != project); found = project
       :: else
       fi
  fi
}
inline keep(event, partition) {
  printf("event %d is a dead letter of partition %d\n", event, partition);
  letter[at(event, partition)] = waiting;
  check_once(event)
}

proctype attempt(bit e; bool opens) {
  byte target = NONE;
  bool others = false;  /* whether R meant several projects when its home was asked */

home:
  if
  :: atomic { !BY_HOME && first != NONE -> printf("event %d goes past the home\n", e); target = first; goto at_first }
  :: atomic { stored[at(e, HOME)] > 0 || letter[at(e, HOME)] != no -> goto answered }
  :: atomic { sent_on[at(e, HOME)] != NONE -> target = sent_on[at(e, HOME)]; others = true; goto at_target }
  :: atomic { !known_at(e, HOME) && first != NONE ->
       others = several;
       if
       :: FIRST_DECIDES || !several -> target = first; goto at_first
       :: !FIRST_DECIDES && several && bound[0] -> target = 0; goto at_target
       :: !FIRST_DECIDES && several && bound[1] -> target = 1; goto at_target
       :: !FIRST_DECIDES && several && bound[2] -> target = 2; goto at_target
       :: !FIRST_DECIDES && several -> keep(e, HOME); goto answered
       fi }
  :: atomic { !known_at(e, HOME) && first == NONE ->
       if :: target = 1 :: target = 2 :: target = NONE fi;
       printf("event %d: the other homes say project %d (3: none)\n", e, target) }
  fi;
  atomic {
    if
    :: ASKED_AGAIN && (known_at(e, HOME) || first != NONE) -> target = NONE; goto home
    :: else ->
         if
         :: target == NONE && opens -> bind(0); store(e, 0, true); goto answered
         :: target == NONE && !opens -> keep(e, HOME); goto answered
         :: target != NONE && PROMISED -> bind(target); goto at_first
         :: target != NONE && !PROMISED -> goto at_target
         fi
    fi
  };
at_first:
  atomic {
    if
    :: stored[at(e, target)] > 0 || letter[at(e, target)] != no -> goto answered
    :: sent_on[at(e, target)] != NONE -> target = sent_on[at(e, target)]; others = true
    :: !known_at(e, target) -> store(e, target, !others); goto answered
    :: !known_at(e, target) && others -> keep(e, target); goto answered
    /* The sender calls another of R's projects so. */
    :: !known_at(e, target) && others && target != 1 && bound[1] -> if :: NOTED -> sent_on[at(e, target)] = 1 :: else fi; target = 1
    :: !known_at(e, target) && others && target != 2 && bound[2] -> if :: NOTED -> sent_on[at(e, target)] = 2 :: else fi; target = 2
    fi
  };
at_target:
  atomic {
    if
    :: !FIRST_DECIDES && letter[at(e, target)] != no -> goto answered
    :: else -> store(e, target, !others)
    fi
  };
  atomic { if :: !PROMISED -> bind(target) :: else fi };
answered:
  atomic { target = NONE; others = false }
}

/* Letters come back when R means one project, or somebody attaches them to any. */
active proctype courier() {
  byte e, from, target;
  do
  :: atomic {
       if :: e = 0 :: e = 1 fi;
       if :: from = 0 :: from = 1 :: from = 2 fi;
       if
       :: letter[at(e, from)] == waiting && from == HOME && first != NONE && !several -> target = first
       :: letter[at(e, from)] == waiting -> target = 1; by_hand[e] = true
       :: letter[at(e, from)] == waiting -> target = 2; by_hand[e] = true
       fi;
       printf("the letter of event %d goes to project %d\n", e, target);
       if
       :: LETTER_NOTED -> letter[at(e, from)] = attaching; attaching_to[at(e, from)] = target
       :: else -> store(e, target, !by_hand[e]); if :: letter[at(e, from)] = attached :: printf("the engine that sent the letter crashes\n") fi
       fi;
       e = 0; from = 0; target = 0 }
  :: atomic {
       if :: e = 0 :: e = 1 fi;
       if :: from = 0 :: from = 1 :: from = 2 fi;
       if :: letter[at(e, from)] == attaching -> target = attaching_to[at(e, from)] fi;
       store(e, target, !by_hand[e]); letter[at(e, from)] = attached;
       e = 0; from = 0; target = 0 }
  od
}

/* Something else teaches R: another project is created by hand under it, an event that names its project by id, another source. */
proctype teacher() {
  if
  :: atomic { true -> bind(1) }
  :: atomic { true -> bind(2) }
  :: true
  fi
}

init {
  bool opens_0, opens_1;
  atomic {
    off = c_expr { (getenv("OFF") ? atoi(getenv("OFF")) : 0) };
    only = c_expr { (getenv("ONLY") ? atoi(getenv("ONLY")) : 0) };
    attempts = c_expr { (getenv("ATTEMPTS") ? atoi(getenv("ATTEMPTS")) : 22) };
    if :: opens_0 = true; opens_1 = true :: opens_0 = false; opens_1 = true :: opens_0 = false; opens_1 = false fi;
    run attempt(0, opens_0); run attempt(0, opens_0); run attempt(1, opens_1);
    if :: attempts == 31 -> run attempt(0, opens_0) :: else -> run attempt(1, opens_1) fi;
    run teacher()
  }
}
