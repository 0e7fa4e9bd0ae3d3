/*-------------------------------------------------------------------------
 *
 * replace.c
 *	  Applying advice: mmdb.replace_index, which drops an index for one that takes
 *	  its place, and mm_apply_advice, which runs statements of mm_advise.
 *
 * PostgreSQL runs CREATE INDEX CONCURRENTLY only as a statement of its own, not from
 * a function or procedure.  So whoever wants that runs the statements himself (psql
 * does that with \gexec); mm_apply_advice builds indexes in the plain way, which
 * locks the table against changes in the meantime.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/relation.h"
#include "catalog/index.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "nodes/parsenodes.h"
#include "storage/lmgr.h"
#include "tcop/tcopprot.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/snapmgr.h"

#include "compat.h"
#include "index/open.h"
#include "query/query.h"
#include "tune/copy.h"

PG_FUNCTION_INFO_V1(mm_replace_index);
PG_FUNCTION_INFO_V1(mm_apply_advice);

/* ---------- mmdb.replace_index ---------- */

static char *
qualified_name(Oid relation)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relation)), get_rel_name(relation));
}

/*
 * Raise an error unless the new index can take the old one's place, and the user may
 * do that.  Both are locked meanwhile; unlock says of which lock to let go.
 */
static void
check_replacement(Oid old_oid, Oid new_oid, LOCKMODE unlock)
{
	Relation	old = mm_index_open(old_oid, false);
	Relation	new = mm_index_open(new_oid, false);

	if (old_oid == new_oid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("an index cannot replace itself")));
	if (old->rd_index->indrelid != new->rd_index->indrelid)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("index \"%s\" belongs to another table than index \"%s\"", RelationGetRelationName(new),
						RelationGetRelationName(old))));
	if (!new->rd_index->indisvalid || !new->rd_index->indisready)
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("index \"%s\" is not valid", RelationGetRelationName(new)),
				 errdetail("Index \"%s\" was not dropped.", RelationGetRelationName(old)),
				 errhint("Its build may have failed. Drop it, or REINDEX it, and try again.")));
	if (!mm_owns_relation(old_oid))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_INDEX, RelationGetRelationName(old));
	relation_close(old, unlock);
	relation_close(new, unlock);
}

/*
 * mmdb.replace_index(old_index, new_index): drop the old index, and give the new one
 * its name.
 */
Datum
mm_replace_index(PG_FUNCTION_ARGS)
{
	Oid			old;
	Oid			new;
	char	   *name;
	Oid			table;

	mm_require_argument(fcinfo, 0, "old_index");
	mm_require_argument(fcinfo, 1, "new_index");
	old = PG_GETARG_OID(0);
	new = PG_GETARG_OID(1);
	PreventCommandIfReadOnly("mmdb.replace_index()");
	check_replacement(old, new, AccessShareLock);
	/* The table is locked before its indexes, as everybody does it. */
	table = IndexGetRelation(old, true);
	if (OidIsValid(table))
		LockRelationOid(table, AccessExclusiveLock);
	check_replacement(old, new, NoLock);
	name = get_rel_name(old);
	mm_run_utility(psprintf("DROP INDEX %s", qualified_name(old)));
	mm_run_utility(psprintf("ALTER INDEX %s RENAME TO %s", qualified_name(new), quote_identifier(name)));
	PG_RETURN_VOID();
}

/* ---------- mm_apply_advice ---------- */

/* Settings that mm_tune recommends, besides those of mmdb. */
static const char *const tuned_settings[] = {
	"random_page_cost", "cpu_operator_cost", "work_mem", "effective_io_concurrency"
};

static bool
is_tuned_setting(const char *name)
{
	for (int i = 0; i < (int) lengthof(tuned_settings); i++)
		if (pg_strcasecmp(name, tuned_settings[i]) == 0)
			return true;
	return pg_strncasecmp(name, "mmdb.", 5) == 0;
}

/*
 * Do all of these commands set or reset storage parameters?
 */
static bool
only_set_parameters(const List *commands)
{
	ListCell   *lc;

	foreach(lc, commands)
	{
		AlterTableType type = lfirst_node(AlterTableCmd, lc)->subtype;

		if (type != AT_SetRelOptions && type != AT_ResetRelOptions)
			return false;
	}
	return true;
}

/*
 * Is a statement one that mm_advise and mm_tune may give?  Advice is kept in tables,
 * and whoever can write to them must not decide what else is run.
 */
static bool
is_advice(Node *node)
{
	if (node == NULL)
		return false;
	if (IsA(node, IndexStmt))
		return true;
	if (IsA(node, ReindexStmt))
		return ((ReindexStmt *) node)->kind == REINDEX_OBJECT_INDEX;
	if (IsA(node, VacuumStmt))
		return !((VacuumStmt *) node)->is_vacuumcmd && ((VacuumStmt *) node)->rels != NIL;
	if (IsA(node, CallStmt))
	{
		List	   *name = ((CallStmt *) node)->funccall->funcname;

		return list_length(name) == 2 && strcmp(strVal(linitial(name)), "mmdb") == 0 &&
			strcmp(strVal(lsecond(name)), "replace_index") == 0;
	}
	if (IsA(node, VariableSetStmt))
		return ((VariableSetStmt *) node)->kind == VAR_SET_VALUE &&
			is_tuned_setting(((VariableSetStmt *) node)->name);
	if (IsA(node, AlterTableStmt))
		return ((AlterTableStmt *) node)->objtype == OBJECT_INDEX &&
			only_set_parameters(((AlterTableStmt *) node)->cmds);
	return false;
}

static void
check_kind(const char *statement)
{
	List	   *statements = pg_parse_query(statement);

	if (list_length(statements) != 1 || !is_advice(linitial_node(RawStmt, statements)->stmt))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("\"%s\" is no statement of mm_advise or mm_tune", statement),
				 errhint("Run other statements by themselves.")));
}

/*
 * The statement without CONCURRENTLY where that stands behind what it creates.
 */
static char *
without_concurrently(const char *statement)
{
	static const char *const beginnings[] = {"CREATE INDEX ", "REINDEX INDEX "};
	static const char word[] = "CONCURRENTLY ";

	for (int i = 0; i < (int) lengthof(beginnings); i++)
	{
		size_t		n = strlen(beginnings[i]);

		if (strncmp(statement, beginnings[i], n) == 0 && strncmp(statement + n, word, strlen(word)) == 0)
			return psprintf("%s%s", beginnings[i], statement + n + strlen(word));
	}
	return pstrdup(statement);
}

/*
 * mm_apply_advice(statements): run them one after the other, each in a transaction of
 * its own where the caller allows that.
 */
Datum
mm_apply_advice(PG_FUNCTION_ARGS)
{
	bool		nonatomic = fcinfo->context != NULL && IsA(fcinfo->context, CallContext) &&
		!castNode(CallContext, fcinfo->context)->atomic;
	MemoryContext context;
	MemoryContext old;
	Datum	   *elements;
	bool	   *nulls;
	char	  **statements;
	int			n;

	mm_require_argument(fcinfo, 0, "statements");
	PreventCommandIfReadOnly("mm_apply_advice()");
	/* Commits would end the memory of the call. */
	context = AllocSetContextCreate(PortalContext != NULL ? PortalContext : CurrentMemoryContext,
									"mmdb advice", ALLOCSET_SMALL_SIZES);
	old = MemoryContextSwitchTo(context);
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(0), TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	statements = palloc(sizeof(char *) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("a statement must not be NULL")));
		statements[i] = without_concurrently(TextDatumGetCString(elements[i]));
		check_kind(statements[i]);
	}
	MemoryContextSwitchTo(old);

	SPI_connect_ext(nonatomic ? SPI_OPT_NONATOMIC : 0);
	for (int i = 0; i < n; i++)
	{
		int			result = SPI_execute(statements[i], false, 0);

		if (result < 0)
			elog(ERROR, "could not execute \"%s\": %s", statements[i], SPI_result_code_string(result));
		if (nonatomic)
			SPI_commit();
	}
	SPI_finish();
	MemoryContextDelete(context);
	PG_RETURN_VOID();
}
