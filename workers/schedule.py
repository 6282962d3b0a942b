"""What runs when, as data."""

from django.conf import settings

from matchmaking.jobs import QUEUE, Job, queue_name

SCHEDULE = {
    "sweep": {
        "task": Job.SWEEP.value,
        "schedule": settings.SWEEP_S,
        "options": {"queue": queue_name(QUEUE[Job.SWEEP]), "expires": settings.SWEEP_S},
    },
    "learn": {
        "task": Job.LEARN_DUE.value,
        "schedule": settings.LEARN_EVERY_S,
        "options": {"queue": queue_name(QUEUE[Job.LEARN_DUE]), "expires": settings.LEARN_EVERY_S},
    },
    "remind": {
        "task": Job.REMIND.value,
        "schedule": settings.REMIND_EVERY_S,
        "options": {"queue": queue_name(QUEUE[Job.REMIND]), "expires": settings.REMIND_EVERY_S},
    },
}
