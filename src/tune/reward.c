/*-------------------------------------------------------------------------
 *
 * reward.c
 *	  The rewards of OneDB's tuning: equations 3 to 5 of the paper.
 *
 * Equation 4, which the paper calls logarithmic, is a polynomial.  Equation 5 has
 * penalties only, and would reward nothing; so its penalty is subtracted from that
 * polynomial.  It also has the sign of since in it, by which it would punish
 * improvements where all is worse than the defaults; here, what is punished is to
 * become worse.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "tune/reward.h"

/* How much the penalty weighs (lambda). */
#define PENALTY			2.0

static double
sign(double x)
{
	return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0;
}

double
mm_reward(MMReward reward, double since, double before)
{
	double		polynomial = sign(since) * (pow(1 + fabs(since), 2) - 1) * fabs(1 + sign(since) * before);

	switch (reward)
	{
		case MM_REWARD_EXPONENTIAL:
			return sign(since) * (exp(fabs(since)) - 1) * fabs(exp(sign(since) * before));
		case MM_REWARD_LOGARITHMIC:
			return polynomial;
		case MM_REWARD_PENALTY:
			return polynomial - PENALTY * Max(0.0, -before);
	}
	return 0.0;
}
