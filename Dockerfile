# docker build -t palisharp . && docker run --rm -p 127.0.0.1:8080:8080 palisharp
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/PaliSharp.Cli -c Release -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app .
# Checkpoints and their cache live outside the image: mount them at /models.
ENV HF_HOME=/models
USER $APP_UID
EXPOSE 8080
STOPSIGNAL SIGTERM
# The image has no curl. Ready is what has loaded its models; the time to load large ones is --start-period.
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /health/ready HTTP/1.0\\r\\nHost: localhost\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == *' 200 '* ]]"]
ENTRYPOINT ["dotnet", "PaliSharp.Cli.dll"]
# Within the container every address is listened on; which of the machine's addresses lead there is the choice of 'docker run -p'.
CMD ["serve", "--host", "*", "--port", "8080"]
