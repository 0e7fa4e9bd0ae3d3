/*-------------------------------------------------------------------------
 *
 * policy.c
 *	  Deep deterministic policy gradients (Lillicrap et al., 2016), as OneDB tunes
 *	  by them (section VII).
 *
 * A state is the configuration and what its trial has measured.  An action is the
 * next configuration.  The critic learns from the replay buffer what an action in a
 * state is worth: its reward, and the discounted worth of what follows.  The actor
 * learns to do what the critic thinks best.  Both have a copy that follows them
 * slowly and gives the worth of what follows.  Noise, which fades, makes actions
 * try what is around.  The actor begins at the defaults.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <math.h>

#include "miscadmin.h"

#include "tune/network.h"
#include "tune/propose.h"

/* How it learns: updates after each step, of that many transitions each. */
#define UPDATES			60
#define BATCH			16
#define ACTOR_RATE		0.001
#define CRITIC_RATE		0.003
#define FOLLOW_RATE		0.02

/* There are few steps, so what comes soon counts. */
#define DISCOUNT		0.5

/* The noise of actions, at first and in the end. */
#define FIRST_NOISE		0.35
#define LAST_NOISE		0.05

/* Rewards beyond this say no more. */
#define MOST_REWARD		4.0

struct MMPolicy
{
	const MMKnobs *knobs;
	int			steps;
	int			state;			/* numbers in a state */
	MMRandom	random;
	MMNetwork  *actor;
	MMNetwork  *critic;
	MMNetwork  *slow_actor;
	MMNetwork  *slow_critic;
};

static void
make_state(const MMPolicy *policy, const MMTried *tried, double *state)
{
	/* A cube around 0. */
	for (int i = 0; i < policy->knobs->n; i++)
		state[i] = 2 * tried->point[i] - 1;
	memcpy(state + policy->knobs->n, tried->metrics, sizeof(double) * MM_TRIAL_METRICS);
}

/*
 * What the critic has for an input: a state and an action.
 */
static void
make_input(const MMPolicy *policy, const MMTried *tried, const double *action, double *input)
{
	make_state(policy, tried, input);
	for (int i = 0; i < policy->knobs->n; i++)
		input[policy->state + i] = 2 * action[i] - 1;
}

MMPolicy *
mm_policy_begin(const MMKnobs *knobs, const double *standard, int steps, int seed)
{
	MMPolicy   *policy = palloc0(sizeof(MMPolicy));
	double	   *biases;

	policy->knobs = knobs;
	policy->steps = steps;
	policy->state = knobs->n + MM_TRIAL_METRICS;
	policy->random.seed = (uint32) seed;
	policy->actor = mm_network_make(policy->state, knobs->n, true, &policy->random);
	policy->slow_actor = mm_network_make(policy->state, knobs->n, true, &policy->random);
	policy->critic = mm_network_make(policy->state + knobs->n, 1, false, &policy->random);
	policy->slow_critic = mm_network_make(policy->state + knobs->n, 1, false, &policy->random);
	biases = mm_network_last_biases(policy->actor);
	for (int i = 0; i < knobs->n; i++)
	{
		double		x = Min(Max(standard[i], 0.05), 0.95);

		biases[i] = log(x / (1 - x));
	}
	mm_network_follow(policy->slow_actor, policy->actor, 1.0);
	mm_network_follow(policy->slow_critic, policy->critic, 1.0);
	return policy;
}

/*
 * Learn from some transitions: from the try of each number to the next one.
 */
static void
update(MMPolicy *policy, const MMTried *tried, int n)
{
	double		input[2 * MM_MAX_KNOBS + MM_TRIAL_METRICS];
	int			from[BATCH];

	for (int b = 0; b < BATCH; b++)
	{
		const MMTried *before;
		const MMTried *after;
		double		worth;
		double		error;

		from[b] = (int) mm_random_below(&policy->random, n - 1);
		before = &tried[from[b]];
		after = before + 1;
		make_state(policy, after, input);
		make_input(policy, after, mm_network_run(policy->slow_actor, input), input);
		worth = Min(Max(after->reward, -MOST_REWARD), MOST_REWARD) +
			DISCOUNT * mm_network_run(policy->slow_critic, input)[0];
		make_input(policy, before, after->point, input);
		error = (mm_network_run(policy->critic, input)[0] - worth) / BATCH;
		(void) mm_network_learn(policy->critic, &error);
	}
	mm_network_step(policy->critic, CRITIC_RATE);

	for (int b = 0; b < BATCH; b++)
	{
		double		errors[MM_MAX_KNOBS];
		double		up = -1.0 / BATCH;
		const double *slopes;

		make_state(policy, &tried[from[b]], input);
		make_input(policy, &tried[from[b]], mm_network_run(policy->actor, input), input);
		(void) mm_network_run(policy->critic, input);
		slopes = mm_network_learn(policy->critic, &up) + policy->state;
		for (int i = 0; i < policy->knobs->n; i++)
			errors[i] = 2 * slopes[i];
		(void) mm_network_learn(policy->actor, errors);
	}
	mm_network_forget(policy->critic);
	mm_network_step(policy->actor, ACTOR_RATE);
	mm_network_follow(policy->slow_critic, policy->critic, FOLLOW_RATE);
	mm_network_follow(policy->slow_actor, policy->actor, FOLLOW_RATE);
}

void
mm_policy_next(MMPolicy *policy, const MMTried *tried, int n, double *point)
{
	double		state[MM_MAX_KNOBS + MM_TRIAL_METRICS];
	double		noise = FIRST_NOISE + (LAST_NOISE - FIRST_NOISE) * Min((double) (n - 1) / Max(policy->steps, 1), 1.0);
	double		values[MM_MAX_KNOBS];
	const double *action;

	for (int i = 0; i < UPDATES && n > 1; i++)
	{
		CHECK_FOR_INTERRUPTS();
		update(policy, tried, n);
	}
	make_state(policy, &tried[n - 1], state);
	action = mm_network_run(policy->actor, state);
	for (int i = 0; i < policy->knobs->n; i++)
		point[i] = Min(Max(action[i] + noise * mm_random_normal(&policy->random), 0.0), 1.0);
	mm_knobs_decode(policy->knobs, point, values);
	mm_knobs_encode(policy->knobs, values, point);
}
