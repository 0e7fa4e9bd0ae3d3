/*-------------------------------------------------------------------------
 *
 * owner.h
 *	  What only the owner of a table may do, and what is done as the owner.
 *
 *-------------------------------------------------------------------------
 */
#ifndef MM_OWNER_H
#define MM_OWNER_H

#include "compat.h"

#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

/*
 * Raise an error unless the user is the owner of a table.  It is for what runs the
 * owner's functions, such as those of index expressions and CHECK constraints: with
 * the rights of anybody else, also of a superuser, they could do what their owner may
 * not.
 */
static inline void
mm_require_owner(Oid table)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE), errmsg("there is no table with OID %u", table)));
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	if (!mm_owns_relation(table))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_TABLE, get_rel_name(table));
	if (owner != GetUserId() && !superuser_arg(owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("only the owner of table \"%s\" can do this", get_rel_name(table)),
				 errdetail("It runs functions of the owner, which would have the rights of the current user."),
				 errhint("SET ROLE %s first.", quote_identifier(GetUserNameFromId(owner, false)))));
}

/*
 * Run what follows as the owner of a table, as maintenance commands do: functions of the
 * owner have no other rights then, and can leave nothing behind.  mm_as_self ends that,
 * as does an error.
 */
typedef struct MMAsOwner
{
	Oid			user;
	int			security;
	int			nest_level;
} MMAsOwner;

static inline MMAsOwner
mm_as_owner(Relation table)
{
	MMAsOwner	before;

	GetUserIdAndSecContext(&before.user, &before.security);
	SetUserIdAndSecContext(table->rd_rel->relowner,
						   before.security | SECURITY_RESTRICTED_OPERATION | SECURITY_NOFORCE_RLS);
	before.nest_level = NewGUCNestLevel();
	mm_restrict_search_path();
	return before;
}

static inline void
mm_as_self(const MMAsOwner *before)
{
	AtEOXact_GUC(false, before->nest_level);
	SetUserIdAndSecContext(before->user, before->security);
}

#endif							/* MM_OWNER_H */
