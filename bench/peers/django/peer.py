# Django REST framework with token authentication, as on a typical old server: settings, views and URLs in one file.
import os

import django
from django.conf import settings
from django.core.management import call_command

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": os.environ["PEER_DATABASE"],
            "CONN_MAX_AGE": None,
        }
    },
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "rest_framework",
        "rest_framework.authtoken",
    ],
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.TokenAuthentication"],
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
    ROOT_URLCONF="peer",
    SECRET_KEY="of this benchmark",
    USE_TZ=True,
)
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import permissions, serializers  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402
from rest_framework.authtoken.views import obtain_auth_token  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class Registration(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["username", "email", "password"]


class Register(APIView):
    def post(self, request):
        sent = Registration(data=request.data)
        sent.is_valid(raise_exception=True)
        user = User.objects.create_user(**sent.validated_data)
        return Response({"token": Token.objects.create(user=user).key})


class Profile(APIView):
    permission_classes = [permissions.IsAuthenticated]

    def get(self, request):
        user = request.user
        return Response({"id": user.pk, "username": user.username, "email": user.email})


urlpatterns = [
    path("register", Register.as_view()),
    path("login", obtain_auth_token),
    path("profile", Profile.as_view()),
]

application = get_wsgi_application()

if __name__ == "__main__":
    call_command("migrate", verbosity=0)
