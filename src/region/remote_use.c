/*-------------------------------------------------------------------------
 *
 * remote_use.c
 *	  What a transaction has done at the servers of distributed tables, and what it
 *	  cannot do any more therefore.
 *
 * A session has two connections to a server: postgres_fdw's, and that of mmdb_shard.
 * Neither sees what the other one's transaction has written, and what one has locked, the
 * other waits for, and nobody knows of that.  What would not see rows, or wait for itself,
 * is an error.
 *
 * postgres_fdw's transactions at servers keep their first snapshot, whatever the isolation
 * level here.  When a region moves to a server, or a table is distributed over it, a
 * transaction that has used that server before would not see the rows.  It gets an error,
 * too.  (This library must be loaded by then.  Plain foreign tables do not load it.)
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/genam.h"
#include "access/htup_details.h"
#include "access/parallel.h"
#include "access/table.h"
#include "access/transam.h"
#include "access/xact.h"
#include "catalog/indexing.h"
#include "catalog/namespace.h"
#include "catalog/partition.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "nodes/extensible.h"
#include "nodes/plannodes.h"
#include "parser/parsetree.h"
#include "storage/lmgr.h"
#include "utils/fmgroids.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"

#include "compat.h"
#include "region/region.h"
#include "region/remote_use.h"

typedef enum Kind
{
	COPIED,						/* rows were added over mmdb_shard's connection */
	LOCKED,						/* that has locked the table at servers, for an operation */
	SCANNED						/* postgres_fdw's connection was used, and has locked it */
} Kind;

/* What was done with a distributed table. */
typedef struct Use
{
	Oid			relid;
	Kind		kind;
	int			level;			/* of the subtransaction */
} Use;

/* In TopTransactionContext. */
static List *uses = NIL;
static bool opened = false;

/* What had committed here before the first snapshot at a server may have been taken. */
static Snapshot before_first = NULL;

static bool
is_used(Oid relid, Kind kind)
{
	ListCell   *lc;

	foreach(lc, uses)
	{
		const Use  *use = lfirst(lc);

		if (use->relid == relid && use->kind == kind)
			return true;
	}
	return false;
}

static void
remember(Oid relid, Kind kind)
{
	MemoryContext old;
	Use		   *use;

	if (is_used(relid, kind))
		return;
	old = MemoryContextSwitchTo(TopTransactionContext);
	use = palloc(sizeof(Use));
	*use = (Use) {relid, kind, GetCurrentTransactionNestLevel()};
	uses = lappend(uses, use);
	MemoryContextSwitchTo(old);
}

static void
forget_all(XactEvent event, void *arg)
{
	switch (event)
	{
		case XACT_EVENT_COMMIT:
		case XACT_EVENT_ABORT:
		case XACT_EVENT_PREPARE:
			uses = NIL;
			opened = false;
			before_first = NULL;
			break;
		default:
			break;
	}
}

static void
forget_part(SubXactEvent event, SubTransactionId id, SubTransactionId parent, void *arg)
{
	int			level = GetCurrentTransactionNestLevel();
	ListCell   *lc;

	if (event != SUBXACT_EVENT_ABORT_SUB && event != SUBXACT_EVENT_COMMIT_SUB)
		return;
	foreach(lc, uses)
	{
		Use		   *use = lfirst(lc);

		if (use->level < level)
			continue;
		use->level = level - 1;
		if (event == SUBXACT_EVENT_ABORT_SUB)
			use->relid = InvalidOid;
	}
}

void
mm_use_opened(void)
{
	opened = true;
}

bool
mm_use_is_open(void)
{
	return opened;
}

void
mm_use_check_copy(Oid relid)
{
	Relation	rel = table_open(relid, NoLock);

	/* By TRUNCATE, for instance; or by an operation, over the same connections. */
	if (!opened && rel->rd_createSubid == InvalidSubTransactionId &&
		CheckRelationLockedByMe(rel, AccessExclusiveLock, false))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot copy rows into table \"%s\" in a transaction that has locked it, as TRUNCATE does",
						RelationGetRelationName(rel)),
				 errdetail("The rows are sent over connections that would wait for this transaction."),
				 errhint("COMMIT first, or DELETE the rows instead.")));
	table_close(rel, NoLock);
}

void
mm_use_copied(Oid relid)
{
	remember(relid, COPIED);
}

/*
 * Has the transaction written to a table over postgres_fdw?  Plans do not tell: INSERT and
 * COPY find the foreign tables row by row, and this library may not have been loaded then.
 * But who writes has locked the table.
 */
static bool
may_have_written(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	bool		locked = CheckRelationLockedByMe(rel, RowExclusiveLock, false);

	table_close(rel, AccessShareLock);
	return locked && !is_used(relid, COPIED);
}

void
mm_use_locked(Oid relid)
{
	remember(relid, LOCKED);
}

void
mm_use_check_lock(Oid relid)
{
	if (is_used(relid, SCANNED) || may_have_written(relid))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot lock table \"%s\" at its servers in a transaction that has used it by foreign scans",
						get_rel_name(relid)),
				 errdetail("The lock would wait for theirs, which are kept until the transaction ends."),
				 errhint("Use a transaction for each.")));
}

/*
 * Does a plan read or change foreign tables by postgres_fdw?  A fan-out tells by itself if
 * it does (mm_use_scans).
 */
static bool
uses_wrapper(const PlannedStmt *stmt, const Plan *plan)
{
	const List *children = NIL;
	ListCell   *lc;

	if (plan == NULL)
		return false;
	switch (nodeTag(plan))
	{
		case T_ForeignScan:
			return true;
		case T_ModifyTable:
			foreach(lc, ((const ModifyTable *) plan)->resultRelations)
				if (rt_fetch(lfirst_int(lc), stmt->rtable)->relkind == RELKIND_FOREIGN_TABLE)
					return true;
			break;
		case T_Append:
			children = ((const Append *) plan)->appendplans;
			break;
		case T_MergeAppend:
			children = ((const MergeAppend *) plan)->mergeplans;
			break;
		case T_SubqueryScan:
			return uses_wrapper(stmt, ((const SubqueryScan *) plan)->subplan);
		case T_CustomScan:
			if (strcmp(((const CustomScan *) plan)->methods->CustomName, MM_FANOUT_NAME) != 0)
				children = ((const CustomScan *) plan)->custom_plans;
			break;
		default:
			break;
	}
	foreach(lc, children)
		if (uses_wrapper(stmt, lfirst(lc)))
			return true;
	return uses_wrapper(stmt, outerPlan(plan)) || uses_wrapper(stmt, innerPlan(plan));
}

static bool
statement_uses_wrapper(const PlannedStmt *stmt)
{
	ListCell   *lc;

	foreach(lc, stmt->subplans)
		if (uses_wrapper(stmt, lfirst(lc)))
			return true;
	return uses_wrapper(stmt, stmt->planTree);
}

/*
 * Remember what has committed by now, before a server is used for the first time over a
 * connection whose transaction keeps its first snapshot: postgres_fdw's always does, and
 * ours under REPEATABLE READ.  snapshot may also be an older one.
 */
static void
note_first_use(const SnapshotData *snapshot)
{
	MemoryContext old;

	if (before_first != NULL)
		return;
	old = MemoryContextSwitchTo(TopTransactionContext);
	before_first = palloc(sizeof(SnapshotData));
	*before_first = *snapshot;
	before_first->xip = memcpy(palloc(sizeof(TransactionId) * (snapshot->xcnt + 1)), snapshot->xip,
							   sizeof(TransactionId) * snapshot->xcnt);
	before_first->subxip = memcpy(palloc(sizeof(TransactionId) * (snapshot->subxcnt + 1)), snapshot->subxip,
								  sizeof(TransactionId) * snapshot->subxcnt);
	MemoryContextSwitchTo(old);
}

/*
 * The same with what has committed by now.  In a parallel operation no new snapshot may be
 * taken, but that of the statement is older.
 */
static void
note_first_use_now(void)
{
	if (before_first == NULL)
		note_first_use(IsInParallelMode() ? GetActiveSnapshot() : GetLatestSnapshot());
}

/*
 * Had another transaction not committed yet by then?  If that is not known, it had not.
 * (Other than XidInMVCCSnapshot, this asks nobody about subtransactions, as the snapshot does
 * not keep their commit log.)
 */
static bool
is_later(TransactionId xid)
{
	/* A transaction that is to come is one of long ago, whose row was frozen. */
	if (!TransactionIdIsNormal(xid) || TransactionIdPrecedes(xid, before_first->xmin) ||
		TransactionIdFollowsOrEquals(xid, ReadNextTransactionId()) || TransactionIdIsCurrentTransactionId(xid))
		return false;
	if (TransactionIdFollowsOrEquals(xid, before_first->xmax) || before_first->suboverflowed)
		return true;
	for (uint32 i = 0; i < before_first->xcnt; i++)
		if (TransactionIdEquals(xid, before_first->xip[i]))
			return true;
	for (int32 i = 0; i < before_first->subxcnt; i++)
		if (TransactionIdEquals(xid, before_first->subxip[i]))
			return true;
	return false;
}

/*
 * Is a partitioned table divided into regions?
 */
static bool
has_regions(Oid relid)
{
	Relation	rel = table_open(relid, AccessShareLock);
	Datum		tree;
	List	   *columns;
	bool		result = mm_region_key(rel, &tree, &columns);

	table_close(rel, AccessShareLock);
	return result;
}

/*
 * Has a foreign partition got other regions, or other columns, since the first use of a
 * server?  Attaching makes a row of pg_inherits, which nothing else changes; and a change of a
 * column may have rewritten the table at the servers.
 */
static bool
has_changed(Oid relid)
{
	Relation	catalog = table_open(InheritsRelationId, AccessShareLock);
	Relation	rel = table_open(relid, AccessShareLock);
	ScanKeyData key;
	SysScanDesc scan;
	HeapTuple	tuple;
	bool		changed = false;
	int			natts = RelationGetNumberOfAttributes(rel);

	ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(relid));
	scan = systable_beginscan(catalog, InheritsRelidSeqnoIndexId, true, NULL, 1, &key);
	while (HeapTupleIsValid(tuple = systable_getnext(scan)))
		changed |= is_later(HeapTupleHeaderGetRawXmin(tuple->t_data));
	systable_endscan(scan);
	table_close(catalog, AccessShareLock);
	table_close(rel, AccessShareLock);
	for (int i = 1; i <= natts && !changed; i++)
	{
		tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(relid), Int16GetDatum(i));
		if (!HeapTupleIsValid(tuple))
			continue;
		changed = is_later(HeapTupleHeaderGetRawXmin(tuple->t_data));
		ReleaseSysCache(tuple);
	}
	return changed;
}

/*
 * Raise an error if that is so: the snapshot at its server may be too old to see the rows.
 */
static void
check_moved(Oid relid)
{
	Oid			parent = get_partition_parent(relid, true);

	/* What was used before is locked since, and has not moved. */
	if (before_first != NULL && !is_used(parent, SCANNED) && has_changed(relid) && has_regions(parent))
		ereport(ERROR,
				(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
				 errmsg("could not serialize access to table \"%s\", which has moved or changed at its servers during the transaction",
						get_rel_name(parent)),
				 errdetail("The transaction has used the servers before, and its snapshots there are too old to see rows that have come since."),
				 errhint("The transaction might succeed if retried.")));
}

/*
 * Raise an error if a statement would wait for what an operation has locked.
 */
static void
check_locked(Oid relid)
{
	if (is_used(relid, LOCKED))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("cannot use table \"%s\" in the transaction of an operation that has locked it at its servers",
						get_rel_name(relid)),
				 errdetail("Foreign scans have connections of their own, and would wait for the lock."),
				 errhint("Use a transaction for each.")));
}

void
mm_use_scans(const List *partitions)
{
	ListCell   *lc;

	foreach(lc, partitions)
	{
		check_locked(get_partition_parent(lfirst_oid(lc), true));
		check_moved(lfirst_oid(lc));
	}
	note_first_use_now();
	foreach(lc, partitions)
		remember(get_partition_parent(lfirst_oid(lc), true), SCANNED);
}

/* ---------- writing to partitioned tables ---------- */

/* Which partitioned tables have foreign partitions, as far as was looked. */
typedef struct Partitioned
{
	Oid			relid;			/* key of the hash table */
	bool		has_foreign;
} Partitioned;

static HTAB *partitioned = NULL;
static uint64 forgotten = 0;	/* counts invalidations */

static void
forget_partitioned(Datum arg, Oid relid)
{
	forgotten++;
	if (OidIsValid(relid))
		(void) hash_search(partitioned, &relid, HASH_REMOVE, NULL);
	else
	{
		HASH_SEQ_STATUS status;
		Partitioned *entry;

		hash_seq_init(&status, partitioned);
		while ((entry = hash_seq_search(&status)) != NULL)
			(void) hash_search(partitioned, &entry->relid, HASH_REMOVE, NULL);
	}
}

/*
 * May rows that are written to a table go to a server?  Partitions of partitions are not
 * looked into, but taken for foreign ones.
 */
static bool
may_write_to_servers(Oid relid)
{
	Partitioned *entry;
	bool		has_foreign = false;
	uint64		before;
	ListCell   *lc;

	if (get_rel_relkind(relid) != RELKIND_PARTITIONED_TABLE)
		return get_rel_relkind(relid) == RELKIND_FOREIGN_TABLE;
	if (partitioned == NULL)
	{
		HASHCTL		control = {.keysize = sizeof(Oid), .entrysize = sizeof(Partitioned), .hcxt = TopMemoryContext};

		partitioned = hash_create("mmdb partitioned tables", 16, &control, HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
		CacheRegisterRelcacheCallback(forget_partitioned, (Datum) 0);
	}
	entry = hash_search(partitioned, &relid, HASH_FIND, NULL);
	if (entry != NULL)
		return entry->has_foreign;
	before = forgotten;
	foreach(lc, find_inheritance_children(relid, NoLock))
		if (get_rel_relkind(lfirst_oid(lc)) != RELKIND_RELATION)
			has_foreign = true;
	/* Not if a partition may have come while we looked. */
	if (forgotten == before)
	{
		entry = hash_search(partitioned, &relid, HASH_ENTER, NULL);
		entry->has_foreign = has_foreign;
	}
	return has_foreign;
}

/* ---------- statements and commands ---------- */

/*
 * Note what a statement uses at servers.  Raise an error if it would not see rows: those
 * that were copied into a table by this transaction, or have moved.
 */
void
mm_use_note(const PlannedStmt *stmt)
{
	List	   *parts = NIL;
	bool		writes = stmt->commandType != CMD_SELECT || stmt->hasModifyingCTE;
	bool		foreign = false;
	bool		scans;
	ListCell   *lc;

	/* The leader has done this for the whole plan. */
	if (IsParallelWorker())
		return;
	foreach(lc, stmt->rtable)
	{
		const RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);

		if (rte->rtekind != RTE_RELATION)
			continue;
		foreign |= rte->relkind == RELKIND_FOREIGN_TABLE;
		/* To which partitions rows go that are written is not known. */
		if (writes && rte->relkind == RELKIND_PARTITIONED_TABLE && may_write_to_servers(rte->relid))
		{
			note_first_use_now();
			check_locked(rte->relid);
		}
		if (rte->relkind == RELKIND_FOREIGN_TABLE && get_rel_relispartition(rte->relid))
			parts = lappend_oid(parts, rte->relid);
	}
	if (!foreign)
		return;
	foreach(lc, parts)
	{
		Oid			parent = get_partition_parent(lfirst_oid(lc), true);

		if (is_used(parent, COPIED))
			ereport(ERROR,
					(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
					 errmsg("cannot read table \"%s\" in the transaction in which mmdb.copy_from() has added rows to it",
							get_rel_name(parent)),
					 errdetail("The rows were sent over a connection of their own, and would not be seen."),
					 errhint("COMMIT first.")));
	}
	scans = statement_uses_wrapper(stmt);
	if (scans)
		foreach(lc, parts)
			check_locked(get_partition_parent(lfirst_oid(lc), true));
	if (scans || IsolationUsesXactSnapshot())
	{
		foreach(lc, parts)
			check_moved(lfirst_oid(lc));
		note_first_use_now();
	}
	if (scans)
		foreach(lc, parts)
			remember(get_partition_parent(lfirst_oid(lc), true), SCANNED);
}

static bool
any_at_servers(const List *relations)
{
	ListCell   *lc;

	foreach(lc, relations)
	{
		const RangeVar *relation = IsA(lfirst(lc), VacuumRelation) ?
			lfirst_node(VacuumRelation, lc)->relation : lfirst_node(RangeVar, lc);
		Oid			relid = relation == NULL ? InvalidOid : RangeVarGetRelid(relation, NoLock, true);

		if (OidIsValid(relid) && may_write_to_servers(relid))
			return true;
	}
	return false;
}

/*
 * Note a command that may use servers itself.  Returns whether it is the first to do so.
 */
bool
mm_use_note_command(const Node *command)
{
	bool		first = before_first == NULL;
	bool		uses_servers;

	switch (nodeTag(command))
	{
		case T_CopyStmt:
			uses_servers = ((const CopyStmt *) command)->relation != NULL &&
				any_at_servers(list_make1(((const CopyStmt *) command)->relation));
			break;
		case T_VacuumStmt:
			uses_servers = any_at_servers(((const VacuumStmt *) command)->rels);
			break;
		case T_TruncateStmt:
			uses_servers = any_at_servers(((const TruncateStmt *) command)->relations);
			break;
		default:
			uses_servers = IsA(command, ImportForeignSchemaStmt);
			break;
	}
	if (uses_servers)
		note_first_use_now();
	return uses_servers && first;
}

/*
 * A COPY into a table has ended, which was the first to use a server: its snapshots were taken
 * when the table was locked, so this has not moved since.
 */
void
mm_use_note_copied(const CopyStmt *copy)
{
	Oid			relid = copy->relation == NULL ? InvalidOid : RangeVarGetRelid(copy->relation, NoLock, true);

	if (copy->is_from && OidIsValid(relid) && may_write_to_servers(relid))
		remember(relid, SCANNED);
}

void
mm_use_init(void)
{
	RegisterXactCallback(forget_all, NULL);
	RegisterSubXactCallback(forget_part, NULL);
	/* The statement that loads this library may be an INSERT, which is seen no more. */
	if (!IsParallelWorker() && IsTransactionState() && ActiveSnapshotSet())
		note_first_use_now();
}
