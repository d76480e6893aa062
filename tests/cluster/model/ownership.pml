/* One partition, its broker, and two nodes that both may believe to own it (docs/adr/0016-the-log-on-several-machines.md).
 *
 * Nothing here is bounded but the number of different events (EVENTS): nodes stop, crash, lose the ends of their copies, are expired and
 * come back as often as they like. Epochs and generations are therefore not counted; what matters is who has the current one.
 *
 * A node is two processes, as in the program: `consumer` hears from the group, `engine` writes. A node that stands still (SIGSTOP, a cut
 * network) is one whose processes make no step while time passes.
 *
 * Time: ages count ticks up to SESSION and then stay. HALF of a session is one tick. */
#define EVENTS 2
#define CLOCK 2        /* the event that an owner appends by itself (a deadline), with fewer questions asked than for what a client posts */
#define HALF 1
#define SESSION 2
#define NOBODY 2
#define FREE 0
#define AWAITED 1
#define GIVEN_UP 2

/* The rule that is switched off and the invariant that alone is looked at come from the driver (check.py): 0 is none, and all. */
byte off, only, lossy;
#define FENCE             (off != 1)   /* one transactional.id for the partition, so that init_transactions shuts out the former owner */
#define FENCE_FIRST       (off != 2)   /* the fence stands before the copy is read up to the end */
#define END_AFTER_FENCE   (off != 3)   /* the end offset up to which it is read was asked for behind the fence */
#define GENERATION        (off != 4)   /* each transaction carries the group's offset and is refused in an old generation */
#define READ_BACK         (off != 5)   /* an unknown outcome is read back, not taken for a failure ... */
#define UNKNOWN_IS_OPEN   (off != 6)   /* ... nor for a success */
#define FENCE_READ_BACK   (off != 7)   /* and before it is read back the fence makes it final */
#define ZOMBIE_REFUSES    (off != 8)   /* who has not heard from the group for half a session answers 503 */
#define READ_BACK_IS_FRESH (off != 14)  /* nor answers from what it has read back: the present owner may have committed it and not know yet */
#define HALF_A_SESSION    (off != 13)  /* not a whole one: the clocks of two machines do not run alike */
#define HEARD_WHEN_SENT   (off != 9)   /* the age of what was heard counts from when it was asked */
#define HEARD_IS_SUCCESS  (off != 10)  /* "a rebalance is under way" is not hearing: it may end without this node */
#define COMMITTED_FIRST   (off != 11)  /* acknowledged when committed, not when produced */
#define CHECKED           (off != 12)  /* before it serves, the copy is compared with the topic; needed with a broker that loses (lossy) */

#define DEAF (HALF_A_SESSION -> HALF : SESSION)

bit lost, doubled, forked, untrue;
#define FORBID(number, name, bad) if :: (only == 0 || only == number) && (bad) -> name = 1; assert(!name) :: else fi
#define NO_LOST(bad)     FORBID(1, lost, bad)
#define NO_DOUBLED(bad)  FORBID(2, doubled, bad)
#define NO_FORK(bad)     FORBID(3, forked, bad)
#define NO_UNTRUE(bad)   FORBID(4, untrue, bad)

/* ---- the broker: the topic's partition, its transactions, the group ---- */
byte topic[EVENTS];          /* the events by sequence; an event stands for its record and the chain's hash up to it */
byte end;                    /* their number */
bool unmarked;               /* the last is decided and its writer may have been told, but its marker is not written: readers do not see it */
bool current[2];             /* this node's producer has the newest epoch */
byte opened[2], claimed[2], before[2];  /* an open transaction: event, its sequence, and the event that its writer saw before it */
byte finishing[2];           /* a commit is on its way to the broker: AWAITED, or GIVEN_UP ... */
bool finish_valid[2];        /* ... of the newest epoch */
mtype = {none, ok, refused};
mtype answer[2] = none;             /* to that commit, on its way back */

byte owner = NOBODY;         /* as the group sees it */
bool in_generation[2];       /* the node knows the group's present generation */
bool tx_in_generation[2];    /* so did the transaction when it took the number */
byte silent;                 /* age of the owner's last success */
bool regrouping;
byte regrouping_for;
bool has_lost;

/* ---- the nodes ---- */
bool assigned[2];            /* as the node sees it */
byte heard[2];               /* the age of the last success that it has heard of, by its own clock */
bool slept;                  /* node 0's clock has missed a tick: it runs at half the speed at worst */
bool beat[2];                /* "you are a member" is on its way to the node */
byte copy_0[EVENTS], copy_1[EVENTS];  /* the local copies */
byte size[2];

/* What any client was told to exist: all records up to this one. */
byte told;

#define copied(n, i) (n == 0 -> copy_0[i] : copy_1[i])
#define holds(n, e) ((size[n] > 0 && copied(n, 0) == e) || (size[n] > 1 && copied(n, 1) == e))
#define in_topic(e) ((end > 0 && topic[0] == e) || (end > 1 && topic[1] == e))
#define visible (end - unmarked)  /* the end offset of read_committed */
#define last_of(n) (size[n] == 0 -> FREE : (size[n] == 1 -> copied(n, 0) : copied(n, 1)))

inline put(node, event) {
  if :: node == 0 -> copy_0[size[node]] = event :: else -> copy_1[size[node]] = event fi;
  size[node]++
}
inline lose_last(node) {
  size[node]--;
  if :: node == 0 -> copy_0[size[node]] = FREE :: else -> copy_1[size[node]] = FREE fi
}
/* Nobody waits for the commit any more; a transaction that was never to be committed is as good as aborted. */
inline give_up(node) {
  answer[node] = none;
  current[node] = false;
  if :: finishing[node] != 0 -> finishing[node] = GIVEN_UP :: else -> drop_transaction(node) fi
}
inline drop_transaction(node) { opened[node] = FREE; claimed[node] = 0; before[node] = FREE; tx_in_generation[node] = false }

inline hear(node) {
  heard[node] = 0;
  if :: node == 0 -> slept = false :: else fi
}
inline unassign(node) { assigned[node] = false; in_generation[node] = false; hear(node); beat[node] = false }

inline next_generation() {
  in_generation[0] = false; in_generation[1] = false; tx_in_generation[0] = false; tx_in_generation[1] = false;
  regrouping = false; regrouping_for = 0
}

inline tell(event) {
  NO_LOST(!in_topic(event));
  if :: topic[0] == event && told < 1 -> told = 1 :: topic[1] == event && told < 2 -> told = 2 :: else fi
}

/* The group's coordinator. That some other member comes or goes, and why it regroups, is nobody's choice here. */
active proctype group() {
  do
  :: atomic { !lossy && !regrouping && owner != NOBODY -> regrouping = true; regrouping_for = 0 }
  :: atomic { owner != NOBODY && (silent >= SESSION || lossy) ->
       printf("group: node %d has expired\n", owner); owner = NOBODY; silent = 0; next_generation() }
  /* max.poll.interval.ms is at least the session's time. */
  :: atomic { regrouping && regrouping_for >= SESSION ->
       printf("group: went on without node %d\n", owner); owner = NOBODY; silent = 0; next_generation() }
  :: atomic { owner == NOBODY && !assigned[0] -> owner = 0; next_generation(); silent = 0 }
  :: atomic { owner == NOBODY && !assigned[1] -> owner = 1; next_generation(); silent = 0 }
  od
}

/* Where a broker loses records only forks are asked about: nobody's age counts, and the group expires whom it likes. */
#define ages(n) (assigned[n] && heard[n] < DEAF)

active proctype time() {
  do
  :: atomic { !lossy && ((owner != NOBODY && silent < SESSION) || (regrouping && regrouping_for < SESSION) || ages(0) || ages(1)) ->
       if :: owner != NOBODY && silent < SESSION -> silent++ :: else fi;
       if :: regrouping && regrouping_for < SESSION -> regrouping_for++ :: else fi;
       if :: ages(0) && slept -> heard[0]++; slept = false
          :: ages(0) && !slept -> heard[0]++
          :: ages(0) && !slept -> slept = true
          :: else
       fi;
       if :: ages(1) -> heard[1]++ :: else fi;
       printf("time passes\n") }
  od
}

inline commit(writer) {
  if
  :: finish_valid[writer] && opened[writer] != FREE ->
       printf("broker: event %d of node %d is record %d\n", opened[writer], writer, end + 1);
       NO_DOUBLED(in_topic(opened[writer]));
       NO_FORK(claimed[writer] != end + 1 || (end > 0 && before[writer] != topic[end - 1]));
       end < EVENTS;  /* what follows a violation that nobody asked about */
       topic[end] = opened[writer]; end++; unmarked = true;
       if :: finishing[writer] == AWAITED -> answer[writer] = ok :: else fi;
       drop_transaction(writer)
  :: else -> if :: finishing[writer] == AWAITED -> answer[writer] = refused :: else fi
  fi;
  finishing[writer] = 0;
  finish_valid[writer] = false
}

/* It works off a commit whenever it likes; the answer may come too late (the engine has stopped waiting). */
active proctype broker() {
  do
  :: atomic { finishing[0] -> commit(0) }
  :: atomic { finishing[1] -> commit(1) }
  :: atomic { unmarked -> unmarked = false }
  /* transaction.timeout.ms */
  :: atomic { opened[0] != FREE ->
       printf("broker: aborts the transaction of node 0\n"); drop_transaction(0); finish_valid[0] = false; current[0] = false }
  :: atomic { opened[1] != FREE ->
       printf("broker: aborts the transaction of node 1\n"); drop_transaction(1); finish_valid[1] = false; current[1] = false }
  /* An unclean election: the newest record is gone, and so is what the leader knew of producers. */
  :: atomic { lossy && !has_lost && end > 0 ->
       has_lost = true; end--; topic[end] = FREE; unmarked = false;
       current[0] = false; current[1] = false; finish_valid[0] = false; finish_valid[1] = false;
       drop_transaction(0); drop_transaction(1);
       if :: told > end -> told = end :: else fi;
       printf("broker: lost its newest record\n") }
  od
}

/* Called when what was decided before is marked: the coordinator makes others wait for that. */
inline init_transactions(node) {
  printf("node %d: fences\n", node);
  drop_transaction(node); finish_valid[node] = false; current[node] = true;
  if :: FENCE -> drop_transaction(1 - node); finish_valid[1 - node] = false; current[1 - node] = false :: else fi
}

/* A node's member of the group, on a thread of its own. */
proctype consumer(bit n) {
  do
  /* A heartbeat. That the answer takes its time need not be modelled where its age counts from the question. */
  :: atomic { assigned[n] ->
       if
       :: owner == n && in_generation[n] ->
            silent = 0;
            if
            :: regrouping && HEARD_IS_SUCCESS
            :: else -> if
                      :: HEARD_WHEN_SENT -> if :: heard[n] > 0 -> printf("node %d: hears from the group\n", n) :: else fi; hear(n)
                      :: else -> beat[n] = true
                      fi
            fi
       :: else -> printf("node %d: hears that it is not assigned\n", n); unassign(n)
       fi }
  :: atomic { beat[n] -> printf("node %d: gets an old answer of the group\n", n); beat[n] = false; hear(n) }
  /* Joins again and keeps the partition; what is under way was begun in the generation before. */
  :: atomic { regrouping && owner == n && assigned[n] && in_generation[n] ->
       next_generation(); in_generation[n] = true; hear(n); silent = 0 }
  od
}

inline read_copy(node) {
  do
  :: size[node] < target && size[node] < end -> put(node, topic[size[node]])
  :: size[node] >= target || size[node] >= end -> break
  od
}

inline crash(node) {
  printf("node %d: crashes\n", node);
  hand = FREE; unassign(node); give_up(node)
}

#define FRESH(n) (assigned[n] && (heard[n] < DEAF || !ZOMBIE_REFUSES))

/* "Not found", "the project is closed already": true if the copy has all that anybody was told when the question came. That it came just now
 * is the worst case, so question and answer are one step. */
#define refuses_untruly(n) (FRESH(n) && size[n] < told)
inline refuse(node) {
  printf("node %d: refuses, knowing %d of the %d records that clients were told of\n", node, size[node], told);
  NO_UNTRUE(true)
}

proctype engine(bit n) {
  byte hand;    /* the event that is being stored */
  byte target;  /* the end offset up to which the copy is read */

idle:
  do
  :: atomic { owner == n && !assigned[n] && !regrouping ->
       printf("node %d: is assigned\n", n);
       assigned[n] = true; in_generation[n] = true; silent = 0; goto begin_again }
  /* A warm copy follows; a copy that nobody syncs loses its end in a crash, a lost disk all of it. */
  :: atomic { size[n] < visible && (size[n] == 0 || last_of(n) == topic[size[n] - 1]) -> put(n, topic[size[n]]) }
  :: atomic { size[n] > 0 -> lose_last(n) }
  od;

begin_again:
  if
  :: atomic { !assigned[n] -> hand = FREE; give_up(n); goto idle }
  :: atomic { assigned[n] && FENCE_FIRST && END_AFTER_FENCE && !unmarked -> init_transactions(n); goto read_to_end }
  :: atomic { assigned[n] && !END_AFTER_FENCE -> target = visible }
  :: atomic { assigned[n] && !FENCE_FIRST -> target = visible; read_copy(n); }
  fi;
  atomic { !unmarked -> init_transactions(n); goto read };

read_to_end:
  atomic { target = visible; goto read };

read:
  /* The topic only grows: that reading takes its time after the end was asked for need not be modelled. */
  atomic {
    read_copy(n);
    target = 0;
    if
    :: CHECKED && lossy && (size[n] > end || (size[n] > 0 && copied(n, 0) != topic[0]) || (size[n] > 1 && copied(n, 1) != topic[1])) ->
         printf("node %d: refuses the partition\n", n); goto refuse_partition
    :: else
    fi;
    /* Only now is it known what became of the event in hand. */
    if
    :: hand == FREE -> goto serve
    :: hand != FREE && holds(n, hand) && (FRESH(n) || !READ_BACK_IS_FRESH) ->
         printf("node %d: event %d is there, acknowledged\n", n, hand); tell(hand); hand = FREE; goto serve
    :: hand != FREE && holds(n, hand) -> hand = FREE; goto serve  /* 503 */
    :: hand != FREE && !holds(n, hand) -> goto transaction  /* decides again */
    :: hand != FREE && !holds(n, hand) -> hand = FREE; goto serve  /* 503 */
    fi
  };

serve:
  do
  :: atomic { !assigned[n] -> give_up(n); goto idle }
  :: atomic { FRESH(n) ->
       hand = 1;
       if
       :: holds(n, hand) -> printf("node %d: event %d is stored already\n", n, hand); tell(hand); hand = FREE
       :: else -> printf("node %d: takes event %d\n", n, hand); goto transaction
       fi }
  /* A deadline asks nobody, and nobody asks how fresh it is. */
  :: atomic { !holds(n, CLOCK) -> printf("node %d: its deadline passes\n", n); hand = CLOCK; goto transaction }
  :: atomic { refuses_untruly(n) -> refuse(n) }
  :: atomic { regrouping && owner == n && in_generation[n] ->
       printf("node %d: lets go\n", n); owner = NOBODY; silent = 0; next_generation(); unassign(n); give_up(n); goto idle }
  :: atomic { crash(n); goto idle }
  od;

transaction:
  atomic {
    if
    :: !current[n] -> goto begin_again
    :: current[n] && opened[n] != FREE -> hand = FREE; goto serve
    :: current[n] && opened[n] == FREE && !unmarked ->
         opened[n] = hand; claimed[n] = size[n] + 1; before[n] = last_of(n); tx_in_generation[n] = in_generation[n];
         if :: !COMMITTED_FIRST -> printf("node %d: event %d is produced, acknowledged\n", n, hand); tell(hand) :: else fi
    fi
  };
  /* The group's offset, and the commit; what stands between them is as if the commit took longer on its way. */
  if
  :: atomic { current[n] && (tx_in_generation[n] || !GENERATION) && finishing[n] == 0 ->
       finishing[n] = AWAITED; finish_valid[n] = true; tx_in_generation[n] = false }
  :: atomic { current[n] && !tx_in_generation[n] && GENERATION -> drop_transaction(n); goto begin_again }
  :: atomic { !current[n] -> goto begin_again }
  fi;
waits:
  if
  :: atomic { refuses_untruly(n) -> refuse(n); goto waits }
  :: atomic { answer[n] == ok -> answer[n] = none; put(n, hand); printf("node %d: event %d is acknowledged\n", n, hand); tell(hand);
       hand = FREE; goto serve }
  :: atomic { answer[n] == refused -> answer[n] = none; goto begin_again }
  :: atomic { crash(n); goto idle }
  :: atomic {
       printf("node %d: does not know what became of event %d\n", n, hand);
       if :: finishing[n] != 0 -> finishing[n] = GIVEN_UP :: else fi;
       answer[n] = none;
       if
       :: !READ_BACK -> hand = FREE; goto serve
       :: !UNKNOWN_IS_OPEN -> put(n, hand); tell(hand); hand = FREE; goto serve
       :: !FENCE_READ_BACK -> target = visible; goto read
       :: READ_BACK && UNKNOWN_IS_OPEN && FENCE_READ_BACK -> goto begin_again
       fi }
  fi;

refuse_partition:
  false
}

init {
  atomic {
    off = c_expr { (getenv("OFF") ? atoi(getenv("OFF")) : 0) };
    only = c_expr { (getenv("ONLY") ? atoi(getenv("ONLY")) : 0) };
    lossy = c_expr { (getenv("LOSSY") ? 1 : 0) };
    run consumer(0); run consumer(1); run engine(0); run engine(1)
  }
}
