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
ENTRYPOINT ["dotnet", "PaliSharp.Cli.dll"]
# Within the container every address is listened on; which of the machine's addresses lead there is the choice of 'docker run -p'.
CMD ["serve", "--host", "*", "--port", "8080"]
